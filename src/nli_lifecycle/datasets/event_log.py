"""Alerting's event log as a catalog entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from nli_lifecycle.monitoring.alerting.eventlog import EventLog


class EventLogDataset(AbstractDataset[None, EventLog]):
    """A handle on the event log; load-only, and the file is made by the first event.

    Args:
        filepath: the file of JSON lines: one per environment.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> EventLog:
        """Name the file."""
        return EventLog(self._filepath)

    def save(self, data: None) -> None:
        """Refuse: events are added through the handle."""
        raise NotImplementedError("EventLogDataset is load-only.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
