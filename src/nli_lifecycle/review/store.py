"""Where an environment keeps what people were asked and what they said: added to, never changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from pydantic import ValidationError

from nli_lifecycle.review.records import Asked, Word

R = TypeVar("R", Asked, Word)


class ReviewStoreError(RuntimeError):
    """A file of reviews that was altered or damaged."""


class ReviewStore:
    """Two files of JSON lines in one folder, each replaced as a whole by a longer one."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made with the first record."""
        self.folder = folder

    def asked(self) -> list[Asked]:
        """All pairs that people were asked about, oldest first.

        Raises:
            ReviewStoreError: a line is no such record.
        """
        return self._read("asked.jsonl", Asked)

    def words(self) -> list[Word]:
        """All words, oldest first.

        Raises:
            ReviewStoreError: a line is no such record.
        """
        return self._read("words.jsonl", Word)

    def ask(self, pairs: Iterable[Asked]) -> int:
        """Keep what is not known yet; a pair is asked once per reason, candidate and champion.

        Returns:
            How many are new.
        """

        def identity(one: Asked) -> object:
            return one.review_id, one.reason, one.candidate, one.champion

        with self._alone():
            known = self.asked()
            seen = set(map(identity, known))
            new = [one for one in pairs if identity(one) not in seen]
            self._write("asked.jsonl", known, new)
        return len(new)

    def add(self, judge: Callable[[Sequence[Word]], Sequence[Word]]) -> None:
        """Keep further words.

        Args:
            judge: gets the words that are known, and gives those to be kept. Nobody else adds
                any in between.
        """
        with self._alone():
            known = self.words()
            self._write("words.jsonl", known, judge(known))

    def _alone(self) -> FileLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / ".lock")

    def _read(self, name: str, kind: type[R]) -> list[R]:
        path = self.folder / name
        if not path.is_file():
            return []
        found = []
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                found.append(kind.model_validate_json(line))
            except ValidationError as error:
                raise ReviewStoreError(
                    f"{path}, line {number}: {error.errors()[0]['msg']}. What people said cannot "
                    "be computed again: put the file back from a backup, or take the line out."
                ) from error
        return found

    def _write(self, name: str, known: Sequence[R], new: Sequence[R]) -> None:
        if not new:
            return
        content = "".join(f"{record.model_dump_json()}\n" for record in (*known, *new))
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as unfinished:
            try:
                unfinished.write(content.encode())
                unfinished.flush()
                os.fsync(unfinished.fileno())
                os.chmod(unfinished.name, 0o644)
                os.replace(unfinished.name, self.folder / name)
            except BaseException:
                Path(unfinished.name).unlink(missing_ok=True)
                raise
