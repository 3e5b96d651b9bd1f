"""The journal on disk: bounded, locked, whole after a write that failed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from nli_lifecycle.serving.log import journal as journal_module
from nli_lifecycle.serving.log.frames import unframe
from nli_lifecycle.serving.log.journal import Journal, JournalFull


def records(journal: Journal) -> list[bytes]:
    return [
        record
        for segment in journal.segments
        for record in unframe(segment.path.read_bytes()[: segment.written], 0).payloads
    ]


def full_disk(taken: int):
    """A disk that takes some bytes more, and then none."""
    write, left = os.write, [taken]

    def written(file: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = write(file, data[: left[0]])
        left[0] -= count
        return count

    return written


@pytest.mark.parametrize("taken", [0, 1, 25])
def test_a_full_disk_keeps_nothing_of_a_group_and_everything_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    journal = Journal(tmp_path, 10_000, fsync=False)
    journal.append([b"first", b"second"])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full_disk(taken))
        with pytest.raises(OSError, match="No space"):
            journal.append([b"third", b"fourth"])
    journal.append([b"fifth"])
    assert records(journal) == [b"first", b"second", b"fifth"]
    assert journal.size == sum(file.stat().st_size for file in tmp_path.glob("*/*.segment"))


def test_where_a_half_write_cannot_be_taken_back_another_segment_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    journal = Journal(tmp_path, 10_000, fsync=False)
    journal.append([b"first"])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full_disk(5))
        patched.setattr(os, "ftruncate", broken)
        with pytest.raises(OSError):
            journal.append([b"second"])
    journal.append([b"third"])
    assert [segment.sealed for segment in journal.segments] == [True, False]
    assert records(journal) == [b"first", b"third"]


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 100, fsync=False)
    journal.append([b"x" * 60])
    with pytest.raises(JournalFull):
        journal.append([b"y" * 60])
    journal.append([b"z"])
    assert records(journal) == [b"x" * 60, b"z"]


def test_removing_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "SEGMENT_BYTES", 50)
    journal = Journal(tmp_path, 100, fsync=False)
    journal.append([b"x" * 40])
    with pytest.raises(JournalFull):
        journal.append([b"y" * 60])
    journal.remove(journal.segments[0])
    journal.append([b"y" * 60])
    assert records(journal) == [b"y" * 60]


def test_segments_are_cut_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "SEGMENT_BYTES", 100)
    journal = Journal(tmp_path, 10_000, fsync=True)
    for number in range(9):
        journal.append([b"%030d" % number])
    assert [segment.records for segment in journal.segments] == [3, 3, 3]
    assert records(journal) == [b"%030d" % number for number in range(9)]


def test_only_a_dead_process_s_journal_is_taken_over(tmp_path: Path) -> None:
    first = Journal(tmp_path, 10_000, fsync=False)
    first.append([b"first's"])
    second = Journal(tmp_path, 10_000, fsync=False)
    second.append([b"second's"])
    assert records(second) == [b"second's"]
    first.close()
    third = Journal(tmp_path, 10_000, fsync=False)
    assert records(third) == [b"first's"]
    assert third.size == first.size
    third.remove(third.segments[0])
    assert not first.folder.exists() and third.folder.exists() and second.folder.exists()


def test_an_empty_journal_leaves_no_folder(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 10_000, fsync=False)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_read_a_segment(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 10_000, fsync=False)
    journal.append([b"record"])
    assert journal.segments[0].path.stat().st_mode & 0o077 == 0
