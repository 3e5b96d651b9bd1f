"""The engine that data_engineering runs on, as a catalog entry."""

from __future__ import annotations

from typing import Any

from kedro.io import AbstractDataset

from nli_lifecycle.engines.local import LocalEngine
from nli_lifecycle.engines.table import Engine, EngineError


class EngineDataset(AbstractDataset[None, Engine]):
    """The pandas or the Spark engine; a Spark session is opened only when it is loaded.

    Args:
        engine: ``pandas`` or ``spark``.
        master: where a Spark session of our own runs: ``local[*]``, ``spark://host:7077`` …; not
            used with Spark Connect (SPARK_REMOTE) nor on Databricks.
        options: Spark options of that session.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        engine: str,
        master: str,
        options: dict[str, Any],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._engine = engine
        self._master = master
        self._options = {name: str(value) for name, value in options.items()}
        self.metadata = metadata

    def load(self) -> Engine:
        """Return the engine.

        Raises:
            EngineError: there is no such engine, or it cannot work here.
        """
        if self._engine == "pandas":
            return LocalEngine()
        if self._engine == "spark":
            from nli_lifecycle.engines.session import open_session
            from nli_lifecycle.engines.spark import SparkEngine

            return SparkEngine(open_session(self._master, self._options))
        raise EngineError(f"engine: {self._engine!r} is neither pandas nor spark.")

    def save(self, data: None) -> None:
        """Refuse: an engine holds no data."""
        raise NotImplementedError("EngineDataset is load-only.")

    def _describe(self) -> dict[str, Any]:
        return {"engine": self._engine}
