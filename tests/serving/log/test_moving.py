"""From journal to database: every row arrives once or is counted as lost, whatever fails."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logged import answered, rows_at
from sqlalchemy.exc import OperationalError

from nli_lifecycle.serving.log import journal as journal_module
from nli_lifecycle.serving.log.appending import Appender, Request
from nli_lifecycle.serving.log.features import Deriver
from nli_lifecycle.serving.log.frames import MARK
from nli_lifecycle.serving.log.journal import Journal
from nli_lifecycle.serving.log.moving import Mover
from nli_lifecycle.serving.log.database import for_writing
from nli_lifecycle.serving.log.statistics import Counts
from nli_lifecycle.serving.log.store import Store, Values


class FailingStore(Store):
    """A database that fails when it is told to: before a commit, or after it."""

    failing: str | None = None

    def add(self, rows: Sequence[Values], feedback: Sequence[Values]) -> int:
        if self.failing == "before":
            raise OperationalError("insert", {}, Exception("away"))
        refused = super().add(rows, feedback)
        if self.failing == "after":  # the answer to the commit is lost
            raise OperationalError("commit", {}, Exception("away"))
        return refused


class Life:
    """A process with its journal, without threads; the database outlives it."""

    def __init__(self, folder: Path, max_bytes: int = 1_000_000) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self.url = f"sqlite:///{folder}/log.db"
        self.given = self.dropped = self.torn = 0
        self.damaged: set[bytes] = set()
        self.deriver = Deriver(b"k" * 32, None, False, lambda release: None)
        self.begin()

    def begin(self) -> None:
        self.counts = Counts()
        self.store = FailingStore(for_writing(self.url))
        self.store.prepare()
        self.journal = Journal(self.folder / "journal", self.max_bytes, fsync=False)
        self.appender = Appender(self.journal, self.counts)
        self.mover = Mover(self.journal, self.store, self.counts, every=0)

    def crash(self) -> None:
        """Nothing is written or moved any more; the kernel frees the locks."""
        for descriptor in self.journal._locks.values():
            os.close(descriptor)
        self.end()
        self.begin()

    def end(self) -> None:
        self.store.close()
        now = self.counts.now(0)
        # A record that is damaged is counted by every process that finds it.
        self.dropped += sum(now.dropped.values()) - now.dropped.get("damaged", 0)
        self.torn += now.torn

    def write(self, rows: int) -> None:
        names = [f"r{self.given + number}" for number in range(rows)]
        self.given += rows
        self.appender.write(
            [Request(1, lambda name=name: [self.deriver.record(answered(name))]) for name in names]
        )

    def heal(self) -> None:
        self.store.failing = None
        self.journal.seal()
        while self.mover.move():
            pass

    def damage(self, number: int) -> None:
        """Alter the first record of some segment that the database does not have yet."""
        moved = {row["request_id"].encode() for row in rows_at(self.url)}
        waiting = [one for one in self.journal.segments if one.written > one.moved]
        if not waiting:
            return
        segment = waiting[number % len(waiting)]
        data = bytearray(segment.path.read_bytes())
        start = data.find(MARK, segment.moved)
        while start >= 0 and _name(data, start) in moved | self.damaged:
            start = data.find(MARK, start + 1)
        if start >= 0:
            self.damaged.add(_name(data, start))
            data[start + 16] = 0xFF  # the first byte behind the header
            segment.path.write_bytes(data)


def _name(data: bytearray, start: int) -> bytes:
    """Name of the request whose record begins here."""
    return bytes(data[start + 18 :]).split(b'"', 1)[0]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path)
    yield life
    life.store.close()


@contextmanager
def full_disk(taken: int) -> Iterator[None]:
    write, left = os.write, [taken]

    def written(file: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "full")
        count = write(file, data[: left[0]])
        left[0] -= count
        return count

    with mock.patch.object(os, "write", written):
        yield


def test_rows_arrive_in_order_and_the_journal_is_empty(life: Life) -> None:
    life.write(5)
    life.mover.move()
    life.write(3)
    life.heal()
    assert [row["request_id"] for row in rows_at(life.url)] == [f"r{n}" for n in range(8)]
    assert life.journal.size == 0 and not list(life.folder.glob("journal/*/*"))
    assert (life.counts.written, life.counts.waiting) == (8, 0)


def test_a_commit_whose_answer_is_lost_adds_no_row_twice(life: Life) -> None:
    life.write(4)
    life.store.failing = "after"
    assert not life.mover.move()
    assert (life.counts.reachable, life.counts.last_error) == (False, "OperationalError: away")
    life.heal()
    assert len(rows_at(life.url)) == 4 and life.counts.reachable


def test_a_segment_that_was_moved_before_a_crash_is_replayed_without_effect(life: Life) -> None:
    life.write(4)
    life.mover.move()  # committed; the segment is still there, because it is the current one
    life.crash()
    life.write(1)
    life.heal()
    assert len(rows_at(life.url)) == 5


def test_a_damaged_record_is_counted_and_the_rest_kept(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    life.write(6)
    life.damage(0)
    with caplog.at_level(logging.ERROR):
        life.heal()
    assert [row["request_id"] for row in rows_at(life.url)] == [f"r{n}" for n in range(1, 6)]
    assert dict(life.counts.now(0).dropped) == {"damaged": 1}
    assert "lost 1 rows: damaged" in caplog.text


def test_a_torn_tail_is_tolerated_and_told(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    life.write(3)
    path = life.journal.segments[0].path
    path.write_bytes(path.read_bytes()[:-7])
    life.crash()
    life.heal()
    assert len(rows_at(life.url)) == 2
    assert life.counts.torn == 1 and "ends in an unfinished write" in caplog.text
    assert not life.counts.now(0).dropped


def test_a_row_that_the_database_refuses_does_not_hold_up_the_others(life: Life) -> None:
    life.write(1)
    life.appender.write([Request(1, lambda: [life.deriver.record(answered("x", 2**70))])])
    life.appender.write([Request(1, lambda: [life.deriver.record(answered("y", 2**63))])])
    life.appender.write([Request(1, lambda: [b"[1,2,3]"])])
    life.write(1)
    life.heal()
    assert [row["request_id"] for row in rows_at(life.url)] == ["r0", "r1"]
    assert dict(life.counts.now(0).dropped) == {"unusable": 2, "refused": 1}
    assert life.counts.waiting == 0


def test_a_full_journal_drops_what_does_not_fit_and_counts_it(tmp_path: Path) -> None:
    life = Life(tmp_path, max_bytes=1_500)
    life.store.failing = "before"
    life.write(10)
    life.mover.move()
    dropped = life.counts.now(0).dropped["journal full"]
    assert 0 < dropped < 10 and life.journal.size <= 1_500
    life.heal()
    assert len(rows_at(life.url)) == 10 - dropped
    life.write(2)
    life.heal()
    assert len(rows_at(life.url)) == 12 - dropped
    life.store.close()


steps = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 5)),
    st.tuples(st.just("full disk"), st.integers(0, 700)),
    st.tuples(st.just("move"), st.sampled_from([None, "before", "after"])),
    st.tuples(st.just("damage"), st.integers(0, 3)),
    st.tuples(st.just("crash"), st.none()),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(steps, max_size=12))
def test_rows_in_are_rows_in_the_database_and_rows_counted_as_dropped(
    history: list[tuple[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(
        journal_module, "SEGMENT_BYTES", 900
    ):
        life = Life(Path(folder), max_bytes=5_000)
        for what, how in history:
            if what == "write":
                life.write(how)
            elif what == "full disk":
                with full_disk(how):
                    life.write(3)
            elif what == "move":
                life.store.failing = how
                life.mover.move()
            elif what == "damage":
                life.damage(how)
            else:
                life.crash()
        life.heal()
        life.end()
        assert life.given == len(rows_at(life.url)) + life.dropped + len(life.damaged)
        if "crash" not in dict(history):
            assert life.counts.now(0).dropped.get("damaged", 0) == len(life.damaged)
        assert life.torn == 0 and life.journal.size == 0
