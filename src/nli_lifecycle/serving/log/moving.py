"""From the journal to the database: in batches, again and again until it succeeds."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from nli_lifecycle.serving.log.features import parse
from nli_lifecycle.serving.log.frames import unframe
from nli_lifecycle.serving.log.journal import Journal, Segment
from nli_lifecycle.serving.log.schema import FEEDBACK, INFERENCE_LOG, LogSchemaError
from nli_lifecycle.serving.log.statistics import Counts, describe
from nli_lifecycle.serving.log.store import Store, Values

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 10.0  # seconds between attempts while the database is away


class Mover:
    """Moves segments; a segment is deleted once the database has all of it."""

    def __init__(self, journal: Journal, store: Store, counts: Counts, every: float) -> None:
        """Prepare.

        Args:
            journal: whose segments are moved.
            store: where to.
            counts: told what happened.
            every: seconds between two looks.
        """
        self._journal = journal
        self._store = store
        self._counts = counts
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inference-log-mover", daemon=True)

    def start(self) -> None:
        """Begin to move."""
        self._thread.start()

    def stop(self, patience: float) -> None:
        """Move what is left, for so many seconds at most; the rest stays in the journal."""
        self._stopping.set()
        self._thread.join(patience)
        ends = time.monotonic() + patience
        while not self._thread.is_alive() and time.monotonic() < ends and self.move():
            pass

    def move(self) -> bool:
        """Move what the oldest segment with something new holds.

        Returns:
            Whether there was something to do, and it was done.
        """
        for segment in list(self._journal.segments):
            sealed = segment.sealed  # asked first: what is written meanwhile is seen below
            if segment.moved < segment.written or sealed:
                return self._move(segment, sealed)
        return False

    def _run(self) -> None:
        pause = self._every
        while not self._stopping.wait(pause):
            try:
                while not self._stopping.is_set() and self.move():
                    pass
            except Exception as error:  # a thread that dies would fill the journal in silence
                logger.error("The inference log's mover goes on after a %s.", type(error).__name__)
                self._failed(error)
            failing = self._counts.reachable is False
            pause = min(max(2 * pause, 0.2), LONGEST_PAUSE) if failing else self._every

    def _move(self, segment: Segment, sealed: bool) -> bool:
        try:
            found = unframe(_read(segment), segment.number)
            rows, words, unusable = _parse(found.payloads)
            refused = self._store.add(rows, words) if rows or words else 0
        except (SQLAlchemyError, LogSchemaError, OSError) as error:
            self._failed(error)
            return False
        if rows or words:
            self._succeeded()
        # Only now: what was counted before the commit would be counted again after a failure.
        self._counts.written += len(rows) + len(words) - refused
        for reason, lost in (("damaged", found.lost), ("refused", refused), ("unusable", unusable)):
            if lost:
                self._counts.drop(reason, lost)  # type: ignore[arg-type]
                logger.error("The inference log lost %d rows: %s (%s).", lost, reason, segment.path)
        if segment.records:
            self._counts.wait(segment.number - found.number)
        segment.moved += found.consumed
        segment.number = found.number
        if sealed:
            self._finish(segment)
        return True

    def _finish(self, segment: Segment) -> None:
        rest = segment.written - segment.moved
        if rest:
            self._counts.torn += 1
            logger.warning("%s ends in an unfinished write of %d bytes.", segment.path, rest)
        self._journal.remove(segment)

    def _failed(self, error: BaseException) -> None:
        said = str(error) if isinstance(error, LogSchemaError) else describe(error)
        if self._counts.reachable is not False:
            logger.error("The inference log waits for its database: %s", said)
        self._counts.reachable = False
        self._counts.last_error = said

    def _succeeded(self) -> None:
        if self._counts.reachable is False:
            logger.warning("The inference log's database is back.")
        self._counts.reachable = True


def _read(segment: Segment) -> bytes:
    with segment.path.open("rb") as file:
        file.seek(segment.moved)
        return file.read(segment.written - segment.moved)


def _parse(payloads: list[bytes]) -> tuple[list[Values], list[Values], int]:
    """Rows, feedback, and how many records are of another version of this project."""
    found: dict[str, list[Values]] = {INFERENCE_LOG.name: [], FEEDBACK.name: []}
    unusable = 0
    for payload in payloads:
        try:
            table, values = parse(payload)
        except (ValueError, TypeError, OverflowError):
            unusable += 1
        else:
            found[table].append(values)
    return found[INFERENCE_LOG.name], found[FEEDBACK.name], unusable
