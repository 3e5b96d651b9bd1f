"""What becomes of the rows of a sheet that came back: taken, waiting, set aside with a reason."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from nli_lifecycle.nli.data.pairs import fingerprint
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.review.records import Asked, Word
from nli_lifecycle.review.sheets import read_sheet, unguard


class SetAside(NamedTuple):
    """A row that is not used: where it is, and why."""

    place: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Account:
    """What became of all rows: ``read`` is the sum of the others."""

    read: int
    taken: tuple[Word, ...]
    known: int
    waiting: int
    set_aside: tuple[SetAside, ...]


def take_in(path: Path, reviewer: str, asked: Iterable[Asked], known: Sequence[Word]) -> Account:
    """Judge every row of a sheet.

    Args:
        path: the sheet.
        reviewer: who labelled the rows that do not say it; empty: those are set aside.
        asked: what people were asked; other pairs are not taken.
        known: all words so far. A word of this very file is known already, also where its
            author said something else since.

    Raises:
        DataError: the file cannot be read, or is no sheet.
    """
    file = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    now = datetime.now(timezone.utc)
    pairs = {one.review_id: one for one in asked}
    said: list[Word] = []
    aside: list[SetAside] = []
    read = waiting = 0
    for row in read_sheet(path):
        read += 1
        judged = _judge(row, pairs, reviewer, file, now)
        if isinstance(judged, Word):
            said.append(judged)
        elif judged is None:
            waiting += 1
        else:
            aside.append(judged)
    kept, twice = _apart(said)
    new = new_words(kept, known)
    return Account(read, new, len(kept) - len(new), waiting, (*aside, *twice))


def _judge(
    row: RawRow, pairs: Mapping[str, Asked], reviewer: str, file: str, now: datetime
) -> Word | SetAside | None:
    """One row's word, why it has none, or None where the label is still to come."""
    if row.fields is None:
        return SetAside(row.place, str(row.problem), row.detail)
    cells = {name: _text(value) for name, value in row.fields.items()}
    review_id = cells["review_id"].strip() if "review_id" in cells else ""
    if review_id not in pairs:
        return SetAside(row.place, "unknown_review_id", f"{review_id!r} was never asked here")
    label = cells.get("label", "").strip().casefold()
    if not label:
        return None
    texts = [cells.get(name, "") for name in ("premise", "hypothesis")]
    if review_id not in (fingerprint(*texts), fingerprint(*map(unguard, texts))):
        return SetAside(row.place, "changed_text", "the label may be about another text")
    if label not in LABELS:
        return SetAside(row.place, "unknown_label", f"{label!r} is none of {', '.join(LABELS)}")
    who = cells.get("reviewer", "").strip() or reviewer
    if not who:
        return SetAside(row.place, "no_reviewer", "fill in the column, or give --reviewer")
    try:
        return Word(
            review_id=review_id,
            reviewer=unguard(who),
            label=label,
            note=unguard(cells.get("note", "").strip()),
            file=file,
            place=row.place,
            time=now,
        )
    except ValidationError as error:
        return SetAside(row.place, "unusable_row", error.errors()[0]["msg"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _apart(said: Sequence[Word]) -> tuple[list[Word], list[SetAside]]:
    """Keep one word per person and pair; where a file contradicts itself, none."""
    groups: dict[tuple[str, str], list[Word]] = defaultdict(list)
    for word in said:
        groups[word.review_id, word.reviewer].append(word)
    kept, twice = [], []
    for words in groups.values():
        if len({word.label for word in words}) > 1:
            what = "contradicts_itself", f"{words[0].reviewer} gives this pair several labels"
            twice += [SetAside(word.place, *what) for word in words]
            continue
        kept.append(words[0])
        twice += [
            SetAside(word.place, "repeated", f"the same as {words[0].place}") for word in words[1:]
        ]
    return kept, twice


def new_words(said: Iterable[Word], known: Sequence[Word]) -> tuple[Word, ...]:
    """Leave out what this file said before, and what is somebody's last word already."""
    files = {(word.review_id, word.reviewer, word.file) for word in known}
    last = {(word.review_id, word.reviewer): (word.label, word.note) for word in known}
    return tuple(
        word
        for word in said
        if (word.review_id, word.reviewer, word.file) not in files
        and last.get((word.review_id, word.reviewer)) != (word.label, word.note)
    )
