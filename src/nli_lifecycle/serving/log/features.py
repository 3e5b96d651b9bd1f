"""From an answered pair to a row: what monitoring needs of texts, without the texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.record import Answered, Feedback
from nli_lifecycle.serving.log.schema import FEEDBACK, INFERENCE_LOG
from nli_lifecycle.serving.log.vocabulary import Vocabulary, load_vocabulary, measure_texts

#: Columns in the order in which a journal's record gives them.
ROW = tuple(column.name for column in INFERENCE_LOG.columns if column.name != "arrival")
WORD = tuple(column.name for column in FEEDBACK.columns if column.name != "arrival")

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_VOCABULARIES = 4  # releases whose words are kept: champion, candidate, and those before them

FolderOf = Callable[[Release], Path | None]


class Deriver:
    """Makes rows. Used by one thread."""

    def __init__(
        self, key: bytes, environment: str | None, plain: bool, folder_of: FolderOf
    ) -> None:
        """Prepare.

        Args:
            key: of the hashes.
            environment: whose service this is; None: not said.
            plain: whether rows hold the texts themselves.
            folder_of: where a release's bundle lies, None where it is gone; asked until it says.
        """
        self._key = key
        self._environment = environment
        self._plain = plain
        self._folder_of = folder_of
        self._vocabularies: dict[str, Vocabulary | None] = {}

    def record(self, answer: Answered) -> bytes:
        """Make a journal's record of an answer: JSON, columns in the order of ``ROW``."""
        premise, hypothesis, release = answer.premise, answer.hypothesis, answer.release
        values = [
            storable(answer.request_id),
            answer.position,
            answer.role,
            (answer.time - _EPOCH) // _MICROSECOND,
            storable(answer.endpoint),
            self._environment,
            release.model,
            release.version,
            release.digest,
            release.epoch,
            LABELS[max(range(3), key=answer.probabilities.__getitem__)],
            *answer.probabilities,
            len(premise),
            len(hypothesis),
            *measure_texts(premise, hypothesis, self._vocabulary(release)),
            self._hash(premise, hypothesis),
            storable(premise) if self._plain else None,
            storable(hypothesis) if self._plain else None,
            answer.latency_ms,
        ]
        return orjson.dumps(values)

    def _hash(self, premise: str, hypothesis: str) -> str:
        """Keyed, so that it cannot be found by guessing; the length keeps the texts apart."""
        pair = f"{len(premise)}:{premise}{hypothesis}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(pair, key=self._key, digest_size=16).hexdigest()

    def _vocabulary(self, release: Release) -> Vocabulary | None:
        if release.digest not in self._vocabularies:
            folder = self._folder_of(release)
            if folder is None:
                return None
            while len(self._vocabularies) >= _VOCABULARIES:
                del self._vocabularies[next(iter(self._vocabularies))]
            self._vocabularies[release.digest] = load_vocabulary(folder)
        return self._vocabularies[release.digest]


def record_of(said: Feedback, word: str) -> bytes:
    """Make a journal's record of feedback: JSON, columns in the order of ``WORD``.

    Args:
        said: what was said.
        word: its random name.
    """
    values = [
        word,
        storable(said.request_id),
        said.position,
        storable(said.source),
        storable(said.label),
        (said.time - _EPOCH) // _MICROSECOND,
        storable(said.comment),
    ]
    return orjson.dumps(values)


def parse(record: bytes) -> tuple[str, list[Any]]:
    """Read a record back.

    Returns:
        The table it belongs to, and its columns in the order of ``ROW`` or ``WORD``.

    Raises:
        ValueError: it is of another version of this project.
    """
    values = orjson.loads(record)
    if len(values) == len(ROW):
        table, time = INFERENCE_LOG.name, ROW.index("time")
    elif len(values) == len(WORD):
        table, time = FEEDBACK.name, WORD.index("time")
    else:
        raise ValueError(f"A record has {len(values)} columns.")
    values[time] = _EPOCH + timedelta(microseconds=values[time])
    return table, values


def storable(text: str) -> str:
    """The text as every database takes it: no NUL, no half of a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
