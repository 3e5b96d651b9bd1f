"""The event log: one file of JSON lines that is only ever added to."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from nli_lifecycle.monitoring.alerting.events import EVENT, Event
from nli_lifecycle.monitoring.alerting.state import EventError, State

logger = logging.getLogger(__name__)


class LogDamaged(ValueError):
    """A line that was once kept cannot be read, or does not follow from those before it."""


class Busy(RuntimeError):
    """Another run is taking actions."""


@dataclass(frozen=True)
class Reading:
    """What a log says.

    Attributes:
        state: what its events add up to.
        torn: bytes of a last line that was not finished; nobody was told that it is kept.
    """

    state: State
    torn: int


class EventLog:
    """Events on disk, for any number of processes on one machine."""

    def __init__(self, path: Path) -> None:
        """Name the file; it and its folder are made by the first ``change``."""
        self.path = path

    def read(self) -> Reading:
        """Replay the file; no file is an empty log.

        Raises:
            LogDamaged: a finished line cannot be read.
            OSError: the file cannot be read.
        """
        try:
            file = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return Reading(State(), 0)
        try:
            fcntl.flock(file, fcntl.LOCK_SH)
            return self._read(file)
        finally:
            os.close(file)

    def change(self, decide: Callable[[State], Sequence[Event]]) -> State:
        """Add what is decided on the state as it is, while nobody else adds anything.

        Events are on disk, synced, when this returns; when it raises, none of them is.

        Args:
            decide: pure; events that are known already are not written again.

        Returns:
            The state with the new events.

        Raises:
            LogDamaged: a finished line cannot be read.
            EventError: an event cannot follow those before it.
            OSError: the disk did not take them.
        """
        made = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            reading = self._read(file)
            state = reading.state
            lines = []
            for event in decide(state.copy()):
                if event.id not in state.events:
                    state.add(event)
                    lines.append(event.model_dump_json().encode() + b"\n")
            if lines:
                self._append(file, b"".join(lines), reading.torn)
                if made:
                    _sync_folder(self.path.parent)
            return state
        finally:
            os.close(file)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the right to take actions, until the block or the process ends.

        Raises:
            Busy: another process, or another thread, has it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        path = self.path.with_name(self.path.name + ".acting")
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(
                    f"Another run is taking actions ({path.name} is locked): it goes on alone. "
                    "Run again when it has ended."
                ) from None
            yield
        finally:
            os.close(file)

    def _read(self, file: int) -> Reading:
        data = b""
        size = os.fstat(file).st_size
        while len(data) < size and (more := os.pread(file, size - len(data), len(data))):
            data += more
        *lines, rest = data.split(b"\n")
        state = State()
        for number, line in enumerate(lines, 1):
            try:
                state.add(EVENT.validate_json(line))
            except (ValidationError, EventError) as error:
                raise LogDamaged(self._damage(number, error)) from error
        if rest:
            logger.warning(
                "%s: %d bytes of an unfinished last line are ignored", self.path, len(rest)
            )
        return Reading(state, len(rest))

    def _damage(self, number: int, error: ValueError) -> str:
        said = str(error)
        if isinstance(error, ValidationError):
            fault = error.errors(include_url=False, include_input=False)[0]
            said = f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".lstrip(": ")
        return (
            f"{self.path}, line {number}: {said}. The line is damaged, edited by hand, or of a "
            "newer version. Put a copy of the file back; without one, move it away: alerts then "
            "start anew, and what was done is no longer known."
        )

    def _append(self, file: int, data: bytes, torn: int) -> None:
        """Write everything or nothing, in place of a last line that was not finished."""
        whole = os.fstat(file).st_size - torn
        if torn:
            os.ftruncate(file, whole)
        try:
            done = os.write(file, data)
            while done < len(data):  # a full disk takes a part first
                done += os.write(file, data[done:])
            os.fsync(file)
        except OSError:
            os.ftruncate(file, whole)
            raise


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
