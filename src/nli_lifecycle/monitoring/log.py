"""What monitoring asks of an inference log, and reading it into windows."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from nli_lifecycle.monitoring.columns import COLUMNS, Columns, utc
from nli_lifecycle.monitoring.truths import Pair
from nli_lifecycle.monitoring.windows import Window, Windows


#: Role of rows that are no answers: requests that failed, or that a table holds a second time.
LEFT_OUT = "left out"


class LogUnreadable(RuntimeError):
    """There is a log, and it cannot be read at the moment, or as it is."""


class InferenceLog(Protocol):
    """A log that is read by arrival: docs/inference_log.md."""

    def watermark(self) -> int:
        """The highest arrival so far; all rows up to it can be read."""

    def rows(
        self, after: int = 0, until: int | None = None, *, columns: Sequence[str] | None = None
    ) -> Iterator[Columns]:
        """Rows between two arrivals, the first one left out, in batches by arrival.

        A log that has to make rows out of something else says in ``why`` what is wrong with each.
        """

    def feedback(self, after: int = 0, until: int | None = None) -> Iterator[Columns]:
        """Words of feedback, likewise."""

    def answered(self, pairs: Iterable[Pair]) -> set[Pair]:
        """Which of these pairs somebody got an answer on."""

    def recent(self, until: int) -> int | None:
        """Rows of the log's last days up to an arrival: more of them later are late ones.

        None: what comes late gets a higher arrival than all that was read, so that none is missed.
        """


@dataclass(frozen=True)
class Taken:
    """What one reading of the log came to.

    Attributes:
        windows: that became full, by number; the last ones where they are too many to keep.
        rows: read, of shadows and repeated ones too.
        in_windows: rows of all windows that became full.
        damaged: of them.
        newest: latest time that a row says; None: there was no row.
        left_out: rows with the role ``left out``.
        reasons: what was wrong with rows, as the log says it, and how often.
    """

    windows: tuple[Window, ...]
    rows: int
    in_windows: int
    damaged: int
    newest: datetime | None
    left_out: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


def read_windows(log: InferenceLog, windows: Windows, until: int, most: int) -> Taken:
    """Read what came since the windows' watermark; memory does not grow with the log.

    Args:
        log: to read.
        windows: take the rows; changed by this.
        until: last arrival to read.
        most: windows to give back, the latest ones.
    """
    full: deque[Window] = deque(maxlen=most)
    rows = in_windows = damaged = left_out = 0
    reasons: Counter[str] = Counter()
    newest: datetime | None = None
    for batch in log.rows(after=windows.watermark, until=until, columns=COLUMNS):
        rows += len(batch["arrival"])
        latest = utc(max(batch["time"]))
        newest = latest if newest is None else max(newest, latest)
        left_out += sum(role == LEFT_OUT for role in batch.get("role", ()))
        reasons.update(why for why in batch.get("why", ()) if why)
        for window in windows.add(batch):
            in_windows += window.summary.rows
            damaged += window.summary.damaged
            full.append(window)
    return Taken(tuple(full), rows, in_windows, damaged, newest, left_out, reasons)


def came_late(log: InferenceLog, before: tuple[int, int] | None) -> int:
    """Rows that were not there yet when the log was read up to an arrival.

    Args:
        log: to ask.
        before: that arrival, and ``recent`` of it then. Rows deleted since hide late ones.
    """
    if before is None:
        return 0
    until, known = before
    return max(0, (log.recent(until) or 0) - known)
