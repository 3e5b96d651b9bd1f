"""From a source's files to rows in our own fields: premise, hypothesis, label and the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from nli_lifecycle.nli.data.raw.columns import map_columns
from nli_lifecycle.nli.data.raw.lines import EXCERPT
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow, column_names, read_rows
from nli_lifecycle.nli.data.raw.sources import Source, layout_of, split_names, split_of_file
from nli_lifecycle.parameters import SourceOptions

#: What a partition's folder says in place of a missing value.
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FilePlan:
    """How one file will be read."""

    path: Path
    name: str  # how places in it are named, unambiguous among the files read with it
    layout: Layout
    columns: dict[str, str]  # our field → the file's column
    split: str  # the official split its name says, or empty
    partition: dict[str, str]  # columns that its folders name, as in genre=travel


def plan_files(files: Sequence[Path], source: Source, options: SourceOptions) -> list[FilePlan]:
    """Look at the beginning of every file, so that a bad one is found before any is read.

    Args:
        files: the source's files.
        source: the source.
        options: the user's own settings.

    Returns:
        One plan for each file, in the given order.

    Raises:
        DataError: when a file cannot be opened or its columns are unclear.
    """
    names = split_names(source, options)
    root = os.path.commonpath([path.parent for path in files])
    plans = []
    for path in files:
        layout = layout_of(source, path, options)
        name = Path(os.path.relpath(path, root)).as_posix()
        found = column_names(path, layout)
        partition = _partition(path, found) if layout.kind == "parquet" else {}
        columns = map_columns([*found, *partition], options, str(path), layout)
        split = split_of_file(path, names)
        plans.append(FilePlan(path, name, layout, columns, split, partition))
    return plans


def _partition(path: Path, found: list[str]) -> dict[str, str]:
    """Columns that only a file's folders name, as Hive, Spark and pandas write partitions."""
    parts = (part.partition("=") for part in path.parts[:-1])
    return {
        unquote(name): "" if value == NO_VALUE else unquote(value)
        for name, equals, value in parts
        if equals and unquote(name) not in found
    }


def extract_rows(
    plans: Sequence[FilePlan], source: Source, options: SourceOptions
) -> Iterator[RawRow]:
    """Read all rows of the planned files, in our own fields.

    Args:
        plans: what ``plan_files`` returned.
        source: the source.
        options: the user's own settings.

    Yields:
        Rows whose fields are ``pair_id``, ``premise``, ``hypothesis``, ``label``, ``genre`` and
        ``split``, all texts, empty where the file has none; or unreadable rows as they came.

    Raises:
        DataError: when a file breaks off.
    """
    names = split_names(source, options)
    for plan in plans:
        for row in read_rows(plan.path, plan.layout, plan.name):
            if row.fields is not None and plan.partition:
                row.fields.update(plan.partition)
            yield own_fields(row, plan.columns, plan.split, names)


def own_fields(
    row: RawRow, columns: dict[str, str], file_split: str, names: dict[str, str]
) -> RawRow:
    """Name a row's fields as we do.

    Args:
        row: as read.
        columns: our field → the file's column.
        file_split: the official split of the whole file, or empty.
        names: split name in lower case → train, validation or test.

    Returns:
        The row in our own fields, or unreadable if one of them is no text.
    """
    fields = row.fields
    if fields is None:
        return row
    own = {"pair_id": row.place, "genre": "", "split": ""}
    for field, column in columns.items():
        value = fields.get(column, "")
        text = value if type(value) is str and value.isascii() else _text(value)
        if text is None:
            kind = "invalid_unicode" if isinstance(value, str) else "wrong_type"
            excerpt = ascii(fields)[:EXCERPT]
            return RawRow(row.place, None, kind, f"{column} = {ascii(value)[:EXCERPT]}", excerpt)
        own[field] = text
    if own["split"]:
        split = names.get(own["split"].strip().lower())
        if split is None:
            detail = f"split {own['split']!r} is not in data.options.splits"
            return RawRow(row.place, None, "unknown_split", detail, ascii(fields)[:EXCERPT])
        own["split"] = split
    else:
        own["split"] = file_split
    own["pair_id"] = own["pair_id"] or row.place
    return RawRow(row.place, own)


def _text(value: Any) -> str | None:
    """Take a scalar as text; None for a list, an object, or text that no file could hold."""
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:  # half a surrogate pair, as JSON's "\ud800" gives
                return None
        return value
    if value is None or value != value:  # pandas' NaN, in place of a missing number
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # pandas writes integer ids beside a missing one as 1.0
    return str(value) if isinstance(value, (bool, int, float)) else None
