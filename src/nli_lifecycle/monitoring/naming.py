"""A log that knows versions only, completed by the ledger: digest and epoch of who answered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from nli_lifecycle.monitoring.columns import Columns, utc
from nli_lifecycle.monitoring.log import InferenceLog
from nli_lifecycle.monitoring.report import ReleaseMark
from nli_lifecycle.monitoring.truths import Pair

Releases = Callable[[], Sequence[ReleaseMark]]


class NamedLog:
    """See ``InferenceLog``. Rows that say who answered are as they were.

    A row without digest is of the last entry before its time that put its version in force, or of
    the first one. The ledger is only ever added to, so that a row keeps its name.
    """

    def __init__(self, log: InferenceLog, releases: Releases) -> None:
        """Take the log, and how to read the ledger; it is read when a row needs it."""
        self._log = log
        self._releases = releases
        self._known: dict[str, list[ReleaseMark]] | None = None

    def watermark(self) -> int:
        """See ``InferenceLog.watermark``."""
        return self._log.watermark()

    def rows(
        self, after: int = 0, until: int | None = None, *, columns: Sequence[str] | None = None
    ) -> Iterator[Columns]:
        """See ``InferenceLog.rows``."""
        for batch in self._log.rows(after, until, columns=columns):
            nameless = any(not digest for digest in batch.get("digest", ()))
            yield self._named(batch) if nameless else batch

    def feedback(self, after: int = 0, until: int | None = None) -> Iterator[Columns]:
        """See ``InferenceLog.feedback``."""
        return self._log.feedback(after, until)

    def answered(self, pairs: Iterable[Pair]) -> set[Pair]:
        """See ``InferenceLog.answered``."""
        return self._log.answered(pairs)

    def recent(self, until: int) -> int | None:
        """See ``InferenceLog.recent``."""
        return self._log.recent(until)

    def _named(self, batch: Columns) -> Columns:
        unknown: list[Any] = [None] * len(batch["arrival"])
        digests, epochs = list(batch["digest"]), list(batch.get("epoch", unknown))
        for place, (version, time) in enumerate(zip(batch.get("version", unknown), batch["time"])):
            if not digests[place] and (mark := self._mark(version, utc(time))):
                digests[place], epochs[place] = mark.digest, mark.epoch
        return {**batch, "digest": digests, "epoch": epochs}

    def _mark(self, version: Any, time: datetime) -> ReleaseMark | None:
        if self._known is None:
            self._known = {}
            champion = None
            for mark in self._releases():
                if mark.version and mark.version != champion:
                    self._known.setdefault(mark.version, []).append(mark)
                champion = mark.version
        marks = self._known.get(str(version), [])
        at = bisect_right(marks, time, key=lambda mark: mark.time)
        return marks[max(at - 1, 0)] if marks else None
