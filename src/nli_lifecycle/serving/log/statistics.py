"""What the log counts, for /metrics and /status."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy.exc import InterfaceError, OperationalError

Reason = Literal[
    "queue full",  # the journal's disk does not keep up
    "journal full",  # the database was away too long
    "disk",  # the journal's disk refuses to write
    "damaged",  # the journal holds it no longer as it was written
    "unusable",  # no row can be made of it
    "refused",  # the database takes everything but this
    "closed",  # the service is stopping
]


@dataclass(frozen=True)
class Statistics:
    """The log since the process began; rows and feedback alike count as rows.

    Attributes:
        written: rows that the database has; those a replay brought again among them.
        waiting: rows of this process that wait for the database.
        dropped: rows that are lost, by reason.
        torn: unfinished writes that a dead process left; nobody was told that they are kept.
        journal_bytes: what waits for the database, dead processes' included.
        reachable: whether the last attempt to use the database succeeded; None: none was made.
        last_error: kind of the last failure, without a word of any row; None: there was none.
    """

    written: int
    waiting: int
    dropped: Mapping[str, int]
    torn: int
    journal_bytes: int
    reachable: bool | None
    last_error: str | None

    def figures(self) -> dict[str, float]:
        """The same as plain numbers under names that never change, for /metrics."""
        lost = {f"rows_dropped_{reason.replace(' ', '_')}": 0 for reason in get_args(Reason)}
        for reason, rows in self.dropped.items():
            lost[f"rows_dropped_{reason.replace(' ', '_')}"] = rows
        return {
            "rows_written": self.written,
            "rows_waiting": self.waiting,
            "rows_dropped": sum(self.dropped.values()),
            **lost,
            "torn_writes": self.torn,
            "journal_bytes": self.journal_bytes,
            "database_reachable": self.reachable is True,
        }


class Counts:
    """Counters that several threads raise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()
        self.written = 0
        self.waiting = 0
        self.torn = 0
        self.reachable: bool | None = None
        self.last_error: str | None = None

    def drop(self, reason: Reason, rows: int) -> None:
        """Count rows that are lost."""
        with self._lock:
            self._dropped[reason] += rows

    def wait(self, rows: int) -> None:
        """Count rows that begin, or with a negative number cease, to wait."""
        with self._lock:
            self.waiting += rows

    def now(self, journal_bytes: int) -> Statistics:
        """The counts as they are."""
        with self._lock:
            return Statistics(
                written=self.written,
                waiting=self.waiting,
                dropped=dict(self._dropped),
                torn=self.torn,
                journal_bytes=journal_bytes,
                reachable=self.reachable,
                last_error=self.last_error,
            )


def describe(error: BaseException) -> str:
    """Say what kind of failure it is; only messages that never quote a row are repeated."""
    name = type(error).__name__
    if isinstance(error, (OperationalError, InterfaceError)):
        return f"{name}: {str(error.orig).strip().splitlines()[0][:200]}" if error.orig else name
    if isinstance(error, OSError):
        return f"{name}: {error.strerror}"
    return name
