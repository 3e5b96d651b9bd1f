"""The service's inference log as a catalog entry, for whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

if TYPE_CHECKING:
    from nli_lifecycle.serving.log.reading import LogReader


class InferenceLogDataset(AbstractDataset[None, "LogReader"]):
    """A handle on the log; load-only, and nothing is contacted before it is read.

    Args:
        url: SQLAlchemy address, as in ``log.url`` of ``serving.yml``. There need be no log yet.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(self, *, url: str, metadata: dict[str, Any] | None = None) -> None:
        self._url = url
        self.metadata = metadata

    def load(self) -> LogReader:
        """Open the log for reading."""
        from nli_lifecycle.serving.log.reading import LogReader

        return LogReader(self._url)

    def save(self, data: None) -> None:
        """Refuse: the service writes the log."""
        raise NotImplementedError("InferenceLogDataset is load-only.")

    def _describe(self) -> dict[str, Any]:
        return {}  # the address may hold a password
