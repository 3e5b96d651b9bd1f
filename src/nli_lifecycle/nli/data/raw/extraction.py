"""From a source's files to rows in our own fields: premise, hypothesis, label and the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nli_lifecycle.nli.data.raw.columns import map_columns
from nli_lifecycle.nli.data.raw.lines import EXCERPT
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow, column_names, read_rows
from nli_lifecycle.nli.data.raw.sources import Source, layout_of, split_names, split_of_file
from nli_lifecycle.parameters import SourceOptions


@dataclass(frozen=True)
class FilePlan:
    """How one file will be read."""

    path: Path
    name: str  # how places in it are named, unambiguous among the files read with it
    layout: Layout
    columns: dict[str, str]  # our field → the file's column
    split: str  # the official split its name says, or empty


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
        columns = map_columns(column_names(path, layout), options, path, layout)
        name = Path(os.path.relpath(path, root)).as_posix()
        plans.append(FilePlan(path, name, layout, columns, split_of_file(path, names)))
    return plans


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
            yield row if row.fields is None else _own_fields(row, row.fields, plan, names)


def _own_fields(
    row: RawRow, fields: dict[str, Any], plan: FilePlan, names: dict[str, str]
) -> RawRow:
    own = {"pair_id": row.place, "genre": "", "split": ""}
    for field, column in plan.columns.items():
        value = fields.get(column, "")
        text = _text(value)
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
        own["split"] = plan.split
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
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # pandas writes integer ids beside a missing one as 1.0
    return str(value) if isinstance(value, (bool, int, float)) else None
