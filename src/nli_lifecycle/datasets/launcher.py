"""What starts several training processes, as a catalog entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from nli_lifecycle.nli.training.task import Launcher


class LauncherDataset(AbstractDataset[None, Launcher]):
    """Starts processes by ``torchrun`` on this machine, or on Spark's workers.

    Args:
        launcher: ``torchrun`` or ``spark``.
        master: of a Spark session of our own, as for ``EngineDataset``.
        options: of that session.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        launcher: str,
        master: str,
        options: dict[str, Any],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._launcher = launcher
        self._master = master
        self._options = {name: str(value) for name, value in options.items()}
        self.metadata = metadata

    def load(self) -> Launcher:
        """Return a function of a script and a number of processes; nothing is started yet.

        Raises:
            ValueError: there is no such launcher.
        """
        if self._launcher == "torchrun":
            # Every run makes this entry, and few train: PyTorch alone takes seconds to import.
            from nli_lifecycle.nli.training.together import torchrun

            return torchrun
        if self._launcher == "spark":
            return self._on_spark
        raise ValueError(f"launcher: {self._launcher!r} is neither torchrun nor spark.")

    def _on_spark(self, script: Path, processes: int) -> None:
        from nli_lifecycle.engines.distributor import run_on_spark
        from nli_lifecycle.engines.session import open_session

        run_on_spark(open_session(self._master, self._options), script, processes)

    def save(self, data: None) -> None:
        """Refuse: a launcher holds no data."""
        raise NotImplementedError("LauncherDataset is load-only.")

    def _describe(self) -> dict[str, Any]:
        return {"launcher": self._launcher}
