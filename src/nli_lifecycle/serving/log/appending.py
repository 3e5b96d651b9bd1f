"""From the event loop to the journal: rows are made and written by a thread, in groups.

All requests that wait at one moment share one write, and one fsync where that is asked for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from nli_lifecycle.serving.log.journal import Journal, JournalFull
from nli_lifecycle.serving.log.record import LogUnavailable
from nli_lifecycle.serving.log.statistics import Counts, Reason, describe

logger = logging.getLogger(__name__)

MOST_QUEUED = 20_000  # rows in memory; reached only where the disk does not answer

Kept = asyncio.Future[None]


@dataclass(eq=False)
class Request:
    """Rows that are kept, or not, together."""

    rows: int
    make: Callable[[], Sequence[bytes]]  # their records; called in the thread
    kept: Kept | None = None  # None: nobody waits
    required: bool = False  # whether whoever waits hears that they are not kept
    settled: bool = False


class Appender:
    """Takes rows on the event loop and has them written."""

    def __init__(self, journal: Journal, counts: Counts) -> None:
        self._journal = journal
        self._counts = counts
        self._queue: SimpleQueue[Request | None] = SimpleQueue()
        self._queued = 0  # rows ever, by the event loop's thread
        self._settled = 0  # rows ever, by the writing thread
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="inference-log-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    async def take(
        self, rows: int, make: Callable[[], Sequence[bytes]], *, waits: bool, required: bool
    ) -> None:
        """Have rows written.

        Args:
            rows: how many.
            make: makes their records; called in the writing thread.
            waits: whether to return only once they are written.
            required: whether to raise where they cannot be kept, instead of only counting them.

        Raises:
            LogUnavailable: they could not be kept, and are required.
        """
        full = self._queued - self._settled + rows > MOST_QUEUED
        if full or self._stopped:
            reason: Reason = "queue full" if full else "closed"
            self._counts.drop(reason, rows)
            if required:
                raise unavailable(reason)
            return
        self._queued += rows
        kept = asyncio.get_running_loop().create_future() if waits else None
        self._queue.put(Request(rows, make, kept, required))
        if kept is not None:
            await kept

    def stop(self, patience: float) -> None:
        """Write what is queued, and end; seconds to wait for it."""
        self._stopped = True
        self._queue.put(None)
        self._thread.join(patience)

    def write(self, group: Sequence[Request]) -> None:
        """Write a group; where it does not fit or cannot be made, as much of it as can be."""
        made: list[tuple[Request, Sequence[bytes]]] = []
        for request in group:
            try:
                made.append((request, request.make()))
            except (ValueError, TypeError, OverflowError) as error:
                logger.error("No row can be made of an answer: %s.", type(error).__name__)
                self._lose([request], "unusable")
        try:
            self._append(made)
        except JournalFull:
            self._append_one_by_one(made)
        except OSError as error:
            self._counts.last_error = describe(error)
            self._lose([request for request, _ in made], "disk")

    def _run(self) -> None:
        ended = False
        while not ended:
            group, ended = self._group()
            try:
                self.write(group)
            except Exception as error:  # whoever waits must hear of it, and the thread must live
                logger.error("The inference log failed with a %s.", type(error).__name__)
                self._lose(group, "unusable")

    def _group(self) -> tuple[list[Request], bool]:
        """All that waits at this moment; blocks until something does."""
        group: list[Request] = []
        request = self._queue.get()
        while request is not None:
            group.append(request)
            try:
                request = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _append(self, made: Sequence[tuple[Request, Sequence[bytes]]]) -> None:
        records = [record for _, some in made for record in some]
        if not records:
            return
        self._counts.wait(len(records))  # first: the mover may have them before this goes on
        try:
            self._journal.append(records)
        except (JournalFull, OSError):
            self._counts.wait(-len(records))
            raise
        self._settle([request for request, _ in made], None)

    def _append_one_by_one(self, made: Sequence[tuple[Request, Sequence[bytes]]]) -> None:
        for one in made:
            try:
                self._append([one])
            except JournalFull:
                self._lose([one[0]], "journal full")
            except OSError as error:
                self._counts.last_error = describe(error)
                self._lose([one[0]], "disk")

    def _lose(self, requests: Sequence[Request], reason: Reason) -> None:
        lost = [request for request in requests if not request.settled]
        self._counts.drop(reason, sum(request.rows for request in lost))
        self._settle(lost, reason)

    def _settle(self, requests: Sequence[Request], lost: Reason | None) -> None:
        """Tell those who wait, by one call into their event loop for the whole group."""
        for request in requests:
            request.settled = True
            self._settled += request.rows
        waiting = [request for request in requests if request.kept is not None]
        if waiting and waiting[0].kept is not None:
            try:
                waiting[0].kept.get_loop().call_soon_threadsafe(_tell, waiting, lost)
            except RuntimeError:
                pass  # the loop is closed: nobody waits any more


def unavailable(reason: Reason) -> LogUnavailable:
    """What is raised where rows are required and cannot be kept."""
    return LogUnavailable(f"The inference log cannot keep an answer: {reason}.")


def _tell(waiting: Sequence[Request], lost: Reason | None) -> None:
    for request in waiting:
        kept = request.kept
        if kept is None or kept.done():  # done: its request was cancelled
            continue
        if lost is not None and request.required:
            kept.set_exception(unavailable(lost))
        else:
            kept.set_result(None)
