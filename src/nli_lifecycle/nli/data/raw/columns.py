"""Which of a file's columns hold premise, hypothesis, label and the rest."""

from __future__ import annotations

from nli_lifecycle.nli.data.pairs import FINGERPRINT_COLUMNS, PAIR_COLUMNS, DataError
from nli_lifecycle.nli.data.raw.reading import Layout
from nli_lifecycle.parameters import PairField, SourceOptions

#: What publishers call each of our fields, in lower case, most telling name first.
_KNOWN_NAMES: dict[PairField, tuple[str, ...]] = {
    "premise": ("premise", "sentence1", "sentence_a", "text", "text_a", "text1"),
    "hypothesis": ("hypothesis", "sentence2", "sentence_b", "text_b", "text2"),
    "label": ("gold_label", "label", "entailment_label"),
    "pair_id": ("pair_id", "pairid", "uid", "id", "index"),
    "genre": ("genre",),
    "split": ("split", "semeval_set"),
}

#: Fields without which a row is no pair; a wrong guess here would spoil everything after.
_REQUIRED: tuple[PairField, ...] = ("premise", "hypothesis", "label")

#: Names that a kept column must not have: those of landed pairs.
RESERVED = {*PAIR_COLUMNS, *FINGERPRINT_COLUMNS, "split", "place"}


def map_columns(
    found: list[str], options: SourceOptions, path: str, layout: Layout
) -> dict[str, str]:
    """Map our fields to a file's columns: the user's word first, then well-known names.

    Args:
        found: the file's column names.
        options: the user's own settings, of which ``columns`` wins.
        path: the file, or what else holds the rows, for messages.
        layout: how the file is laid out, for messages.

    Returns:
        Our field → the file's column; ``pair_id``, ``genre`` and ``split`` only where present;
        columns to be kept, under their own names.

    Raises:
        DataError: when a required field or a column to be kept is not there, or several columns
            might be meant.
    """
    columns: dict[str, str] = {}
    for field, known in _KNOWN_NAMES.items():
        wanted = options.columns.get(field)
        if wanted is not None:
            candidates = [name for name in found if name == wanted]
        else:
            candidates = [name for word in known for name in found if name.lower() == word]
        required = field in _REQUIRED or wanted is not None
        if required and len(candidates) != 1:
            raise _unclear(field, wanted, candidates, found, options, path, layout)
        if candidates:
            columns[field] = candidates[0]
    for name in options.keep:
        if name in RESERVED:
            raise DataError(f"data.options.keep: {name!r} is a column of ours. Rename the file's.")
        if name not in found:
            raise DataError(
                f"{path}: it has no column {name!r}, which data.options.keep asks for.\n"
                f"Columns found: {', '.join(word or '(unnamed)' for word in found)}"
            )
    return columns | {name: name for name in options.keep}


def _unclear(
    field: PairField,
    wanted: str | None,
    candidates: list[str],
    found: list[str],
    options: SourceOptions,
    path: str,
    layout: Layout,
) -> DataError:
    if candidates:
        what = f"several columns may hold the {field}: {', '.join(candidates)}"
    elif wanted is not None:
        what = f"it has no column {wanted!r} for the {field}"
    else:
        what = f"none of its columns is known to hold the {field}"
    hint = ""
    if layout.kind == "delimited" and len(found) == 1 and field not in options.columns:
        likely = max("\t;,|", key=found[0].count)
        hint = (
            f"\nIts first line is one single column: {layout.delimiter!r} does not separate the "
            f"fields. Set data.options.delimiter, perhaps to {likely!r}."
        )
    mapping = "\n".join(
        f"      {name}: {options.columns.get(name, f'<its column for the {name}>')}"
        for name in _REQUIRED
        if name == field or name in options.columns
    )
    return DataError(
        f"{path}: {what}.\n"
        f"Columns found: {', '.join(name or '(unnamed)' for name in found)}{hint}\n"
        "Say which is which in conf/base/parameters_data.yml:\n"
        f"data:\n  options:\n    columns:\n{mapping}"
    )
