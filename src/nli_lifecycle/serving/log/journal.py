"""The journal: segments of records on disk, from the answer until the database has them.

``<root>/process-<id>/<number>.segment``. A process holds a lock on its folder; what a dead one left
is taken over by the next that opens a journal under the same root.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from nli_lifecycle.serving.log.frames import frame

SEGMENT_BYTES = 4_000_000


class JournalFull(RuntimeError):
    """More waits for the database than the settings allow."""


@dataclass(eq=False)
class Segment:
    """One file, and how far it was written and moved to the database."""

    path: Path
    written: int  # bytes that hold whole records
    records: int = 0  # written by this process
    moved: int = 0  # bytes
    number: int = 0  # of the next record to move
    sealed: bool = True  # nothing is added any more


class Journal:
    """One process's journal. One thread appends; another reads and removes segments."""

    def __init__(self, root: Path, max_bytes: int, *, fsync: bool) -> None:
        """Open a new journal, and take over those of dead processes.

        Args:
            root: folder of all journals; created.
            max_bytes: of all segments that wait here.
            fsync: whether a record survives a power failure once ``append`` returns.

        Raises:
            OSError: the folder cannot be written.
        """
        self.segments: list[Segment] = []  # oldest first
        self._max_bytes = max_bytes
        self._fsync = fsync
        self._bytes = 0
        self._changing = threading.Lock()  # the segments and their bytes
        self._file: int | None = None
        self._locks: dict[Path, int] = {}
        self._next = 1
        root.mkdir(parents=True, exist_ok=True)
        self.folder = root / f"process-{uuid4().hex[:12]}"
        opening = os.open(root, os.O_RDONLY)
        try:
            fcntl.flock(opening, fcntl.LOCK_EX)  # nobody takes over what is just being opened
            for folder in sorted(root.glob("process-*")):
                self._take_over(folder)
            self.folder.mkdir()
            self._lock(self.folder)
            if fsync:
                os.fsync(opening)
        finally:
            os.close(opening)

    @property
    def size(self) -> int:
        """Bytes of all segments that wait here."""
        return self._bytes

    def append(self, records: Sequence[bytes]) -> None:
        """Add records with one write; all of them or none.

        Raises:
            JournalFull: they would not fit.
            OSError: the disk did not take them.
        """
        segment = self._segment()
        numbers = range(segment.records, segment.records + len(records))
        data = b"".join(map(frame, numbers, records))
        if self._bytes + len(data) > self._max_bytes:
            raise JournalFull(f"{self._bytes / 1e6:.1f} MB wait for the database.")
        file = self._file
        assert file is not None
        try:
            _write(file, data)
            if self._fsync:
                os.fdatasync(file)
        except OSError:
            self._cut(file, segment.written)
            raise
        segment.records += len(records)
        with self._changing:
            self._bytes += len(data)
            segment.written += len(data)

    def remove(self, segment: Segment) -> None:
        """Delete a sealed segment, whose records the database has."""
        segment.path.unlink(missing_ok=True)
        folder = segment.path.parent
        with self._changing:
            self.segments.remove(segment)
            self._bytes -= segment.written
            last = all(one.path.parent != folder for one in self.segments)
        if last and folder != self.folder:
            self._leave(folder)

    def seal(self) -> None:
        """Add nothing to the current segment any more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self.segments[-1].sealed = True

    def close(self) -> None:
        """Give the folders back: what is left in them is for the next process."""
        self.seal()
        for folder in list(self._locks):
            self._leave(folder)

    def _segment(self) -> Segment:
        """The segment to add to; a new one where there is none or it is full."""
        if self._file is not None and self.segments[-1].written >= SEGMENT_BYTES:
            self.seal()
        if self._file is None:
            path = self.folder / f"{self._next:09d}.segment"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self._next += 1
            with self._changing:
                self.segments.append(Segment(path, written=0, sealed=False))
            if self._fsync:
                os.fsync(self._locks[self.folder])
        return self.segments[-1]

    def _cut(self, file: int, written: int) -> None:
        """Take a half write back; where even that fails, go on in another segment."""
        try:
            os.ftruncate(file, written)
        except OSError:
            self.seal()

    def _take_over(self, folder: Path) -> None:
        try:
            self._lock(folder)
        except BlockingIOError:
            return  # its process lives
        for path in sorted(folder.glob("*.segment")):
            segment = Segment(path, written=path.stat().st_size)
            self.segments.append(segment)
            self._bytes += segment.written
        if all(segment.path.parent != folder for segment in self.segments):
            self._leave(folder)

    def _lock(self, folder: Path) -> None:
        """Hold the folder until this process ends, however it does."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        self._locks[folder] = descriptor

    def _leave(self, folder: Path) -> None:
        try:
            folder.rmdir()
        except OSError:
            pass  # something waits in it
        os.close(self._locks.pop(folder))


def _write(file: int, data: bytes) -> None:
    """Write everything: a full disk takes a part first, and says so only at the next attempt."""
    done = os.write(file, data)
    while done < len(data):
        done += os.write(file, data[done:])
