"""What monitoring keeps between rounds, as a catalog entry."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from pydantic import ValidationError

from nli_lifecycle.monitoring.state import MonitoringState


class StateDamaged(ValueError):
    """The file does not hold a state of this version."""


class MonitoringStateDataset(AbstractDataset[MonitoringState, MonitoringState | None]):
    """A ``MonitoringState`` as one compact JSON file, replaced as a whole and synced.

    Args:
        filepath: the file; its folder is made when needed. None is loaded where there is none.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> MonitoringState | None:
        """Read the state of the last round; None: there was none.

        Raises:
            StateDamaged: the file is damaged, or of another version.
        """
        try:
            content = self._filepath.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return MonitoringState.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise StateDamaged(
                f"{self._filepath} is no state of monitoring: {where}: {first['msg']}. Put a copy "
                "back. Without one, move it away: the log is then counted anew from its first row."
            ) from error

    def save(self, data: MonitoringState) -> None:
        """Put the new state in the place of the old one."""
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._filepath.with_name(f".{self._filepath.name}.unfinished")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(data.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, self._filepath)

    def _exists(self) -> bool:
        return True  # no state yet is one, too

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
