"""What monitoring asks of an inference log, and reading it into windows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nli_lifecycle.monitoring.columns import COLUMNS, Columns, utc
from nli_lifecycle.monitoring.truths import Pair
from nli_lifecycle.monitoring.windows import Window, Windows


class InferenceLog(Protocol):
    """A log that is read by arrival: docs/inference_log.md."""

    def watermark(self) -> int:
        """The highest arrival so far; all rows up to it can be read."""

    def rows(
        self, after: int = 0, until: int | None = None, *, columns: Sequence[str] | None = None
    ) -> Iterator[Columns]:
        """Rows between two arrivals, the first one left out, in batches by arrival."""

    def feedback(self, after: int = 0, until: int | None = None) -> Iterator[Columns]:
        """Words of feedback, likewise."""

    def answered(self, pairs: Iterable[Pair]) -> set[Pair]:
        """Which of these pairs somebody got an answer on."""


@dataclass(frozen=True)
class Taken:
    """What one reading of the log came to.

    Attributes:
        windows: that became full, by number; the last ones where they are too many to keep.
        rows: read, of shadows and repeated ones too.
        in_windows: rows of all windows that became full.
        damaged: of them.
        newest: latest time that a row says; None: there was no row.
    """

    windows: tuple[Window, ...]
    rows: int
    in_windows: int
    damaged: int
    newest: datetime | None


def read_windows(log: InferenceLog, windows: Windows, until: int, most: int) -> Taken:
    """Read what came since the windows' watermark; memory does not grow with the log.

    Args:
        log: to read.
        windows: take the rows; changed by this.
        until: last arrival to read.
        most: windows to give back, the latest ones.
    """
    full: deque[Window] = deque(maxlen=most)
    rows = in_windows = damaged = 0
    newest: datetime | None = None
    for batch in log.rows(after=windows.watermark, until=until, columns=COLUMNS):
        rows += len(batch["arrival"])
        latest = utc(max(batch["time"]))
        newest = latest if newest is None else max(newest, latest)
        for window in windows.add(batch):
            in_windows += window.summary.rows
            damaged += window.summary.damaged
            full.append(window)
    return Taken(tuple(full), rows, in_windows, damaged, newest)
