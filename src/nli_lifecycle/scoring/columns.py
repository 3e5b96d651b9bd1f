"""Which columns of an input are scored, and which are handed on to the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.scoring.parameters import ScoredField, ScoringOptions
from nli_lifecycle.scoring.rows import ANSWER, LANDED, PORTION

#: What publishers call our fields, in lower case, most telling name first.
_KNOWN_NAMES: dict[ScoredField, tuple[str, ...]] = {
    "premise": ("premise", "sentence1", "sentence_a", "text", "text_a", "text1"),
    "hypothesis": ("hypothesis", "sentence2", "sentence_b", "text_b", "text2"),
    "pair_id": ("pair_id", "pairid", "uid", "id", "index"),
}


class Columns(NamedTuple):
    """Our field → the input's column; a column handed on → its name among the answers."""

    own: Mapping[str, str]
    kept: Mapping[str, str]


def choose_columns(found: Sequence[str], options: ScoringOptions, where: str) -> Columns:
    """Find the texts and the id among an input's columns, and name those that are handed on.

    A column that is called as one of ours gets ``input_`` before its name, letter case aside, as
    Spark tells no cases apart.

    Args:
        found: the input's column names.
        options: the user's own settings, of which ``columns`` wins.
        where: the file or table, for messages.

    Raises:
        DataError: a text's column is missing or unclear, or a column cannot be handed on.
    """
    own: dict[str, str] = {}
    for field, known in _KNOWN_NAMES.items():
        wanted = options.columns.get(field)
        candidates = (
            [name for name in found if name == wanted]
            if wanted is not None
            else [name for word in known for name in found if name.lower() == word]
        )
        if len(candidates) != 1 and (wanted is not None or field != "pair_id"):
            raise _unclear(field, wanted, candidates, found, where)
        if candidates:
            own[field] = candidates[0]
    kept = options.keep
    if kept is None:
        kept = tuple(name for name in found if name not in own.values())
    return Columns(own, _kept_names(kept, found, where))


def _kept_names(kept: Sequence[str], found: Sequence[str], where: str) -> dict[str, str]:
    ours = {*ANSWER, *LANDED, PORTION}
    names: dict[str, str] = {}
    for name in kept:
        if found.count(name) != 1:
            there = "several columns" if name in found else "no column"
            raise DataError(
                f"{where}: it has {there} {name!r}. Name those to be handed on in "
                "batch_scoring.options.keep."
            )
        new = f"input_{name}" if name.lower() in ours or not name.strip() else name
        if new.lower() in {other.lower() for other in names.values()}:
            raise DataError(
                f"{where}: two columns would be called {new!r} among the answers. Name those to "
                "be handed on in batch_scoring.options.keep."
            )
        names[name] = new
    return names


def _unclear(
    field: str, wanted: str | None, candidates: Sequence[str], found: Sequence[str], where: str
) -> DataError:
    if candidates:
        what = f"several columns may hold the {field}: {', '.join(candidates)}"
    elif wanted is not None:
        what = f"it has no column {wanted!r} for the {field}"
    else:
        what = f"none of its columns is known to hold the {field}"
    return DataError(
        f"{where}: {what}.\nColumns found: {', '.join(name or '(unnamed)' for name in found)}\n"
        "Say which is which in conf/base/parameters_batch_scoring.yml:\n"
        f"batch_scoring:\n  options:\n    columns:\n      {field}: <its column for the {field}>"
    )
