"""From files to rows, one at a time: delimited text, JSON lines, Parquet.

A row that cannot be read is handed on with its problem and its place instead of being dropped,
so that rows in = rows kept + rows quarantined holds from the first byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from nli_lifecycle.nli.data.raw.delimited import Quotes, split_records
from nli_lifecycle.nli.data.raw.lines import EXCERPT, Line, read_lines
from nli_lifecycle.nli.data.pairs import DataError

#: Rows of a Parquet file in memory at a time.
PARQUET_BATCH = 5_000

_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

#: First lines of a JSONL file that give its field names; an object need not have them all.
JSONL_HEAD = 100


@dataclass(frozen=True)
class Layout:
    """How a file is laid out."""

    kind: Literal["delimited", "jsonl", "parquet"]
    delimiter: str = "\t"
    quoting: Literal["minimal", "none"] = "none"
    encoding: str = "utf-8"


class RawRow(NamedTuple):
    """One row as read: its fields by name, or the problem that makes it unreadable.

    ``place`` is its origin, ``SICK.txt.gz:17``: file and line (of Parquet: file and row).
    """

    place: str
    fields: dict[str, Any] | None
    problem: str | None = None
    detail: str = ""
    excerpt: str = ""


def column_names(path: Path, layout: Layout) -> list[str]:
    """Read a file's column names, without reading the file.

    Args:
        path: the file.
        layout: how it is laid out.

    Returns:
        The names in the file's order; a name that occurs twice is there twice.

    Raises:
        DataError: when the file cannot be read or has no column names.
    """
    if layout.kind == "parquet":
        return [str(name) for name in _parquet(path).schema_arrow.names]
    lines = read_lines(path, layout.encoding)
    if layout.kind == "delimited":
        return _header(_records(lines, layout), path)
    rows = (_json_row(line, "") for line in islice(lines, JSONL_HEAD))
    if names := {name: None for row in rows if row.fields for name in row.fields}:
        return list(names)
    raise DataError(
        f"{path}: none of its first {JSONL_HEAD} lines is a JSON object in {layout.encoding}. "
        'JSONL holds an object {"premise": …, "hypothesis": …, "label": …} on each line, not one '
        "list for the whole file; for other formats set source to csv, tsv or parquet."
    )


def read_rows(path: Path, layout: Layout, name: str) -> Iterator[RawRow]:
    """Read a file row by row in bounded memory.

    Args:
        path: the file.
        layout: how it is laid out.
        name: how places in this file are named.

    Yields:
        One ``RawRow`` for each row, readable or not; blank lines are no rows.

    Raises:
        DataError: when the file cannot be opened, or breaks off.
    """
    if layout.kind == "parquet":
        yield from _parquet_rows(path, name)
        return
    lines = read_lines(path, layout.encoding)
    if layout.kind == "jsonl":
        for line in lines:
            if line.text.strip():
                yield _json_row(line, f"{name}:{line.number}")
        return
    records = _records(lines, layout)
    header = _header(records, path)
    for line, fields in records:
        place = f"{name}:{line.number}"
        if line.fault:
            yield _unreadable(place, line.fault, line.detail, line)
        elif isinstance(fields, Quotes):
            yield _unreadable(place, fields.value, 'see data.options.quoting: "none"', line)
        elif len(fields) != len(header):
            detail = f"{len(fields)} fields where the header has {len(header)}"
            yield _unreadable(place, "wrong_field_count", detail, line)
        else:
            yield RawRow(place, dict(zip(header, fields)))


def _records(lines: Iterator[Line], layout: Layout) -> Iterator[tuple[Line, list[str] | Quotes]]:
    return split_records(lines, layout.delimiter, quoted=layout.quoting == "minimal")


def _header(records: Iterator[tuple[Line, list[str] | Quotes]], path: Path) -> list[str]:
    for line, fields in records:
        if line.fault or isinstance(fields, Quotes):
            raise DataError(
                f"{path}, line {line.number}: the column names cannot be read, "
                f"{line.detail or fields}: {line.text[:EXCERPT]!r}. "
                "Set data.options.encoding or data.options.quoting to what the file uses."
            )
        return [field.strip() for field in fields]
    raise DataError(f"{path} holds blank lines only. Fetch the file again or leave it out.")


def _unreadable(place: str, problem: str, detail: str, line: Line) -> RawRow:
    return RawRow(place, None, problem, detail, line.text[:EXCERPT])


def _json_row(line: Line, place: str) -> RawRow:
    if line.fault:
        return _unreadable(place, line.fault, line.detail, line)
    try:
        try:
            value, end = _scan(line.text, 0)
        except StopIteration:
            end = -1
        if end != len(line.text):  # an error, or spaces around: the slower way says which
            value = json.loads(line.text)
    except (ValueError, RecursionError) as error:
        return _unreadable(place, "invalid_json", str(error), line)
    if not isinstance(value, dict):
        detail = f"a JSON {type(value).__name__} where an object is expected"
        return _unreadable(place, "invalid_json", detail, line)
    return RawRow(place, value)


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty (0 bytes). Fetch the file again or leave it out.")
        # Not memory-mapped: a file that shrinks meanwhile would kill the process (SIGBUS).
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}") from error


def _parquet_rows(path: Path, name: str) -> Iterator[RawRow]:
    number = 0
    with _parquet(path) as file:
        try:
            for batch in file.iter_batches(batch_size=PARQUET_BATCH):
                for fields in batch.to_pylist():
                    number += 1
                    yield RawRow(f"{name}:{number}", fields)
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{path} is corrupt: it breaks off after row {number:,} ({error})."
            ) from error
