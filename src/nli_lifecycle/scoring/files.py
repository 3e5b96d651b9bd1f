"""The files to score: found, recognised by their bytes, and read batch by batch."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.extraction import NO_VALUE
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow, column_names, read_rows
from nli_lifecycle.nli.data.raw.sources import Source, find_source, layout_of, locate_files
from nli_lifecycle.scoring.columns import Columns, choose_columns
from nli_lifecycle.scoring.parameters import BatchScoringParameters
from nli_lifecycle.scoring.rows import Judged, judge
from nli_lifecycle.scoring.types import portable, same_types

#: Rows in memory at a time while a file is read.
READ_ROWS = 2_048


@dataclass(frozen=True)
class PairFile:
    """A file, how it is laid out, and what its columns are."""

    path: Path
    name: str
    layout: Layout
    columns: Columns
    kept: tuple[pa.Field, ...]  # columns handed on, as they are called and typed in the end
    partition: dict[str, str]  # columns that its folders name, as in genre=travel

    def stamp(self) -> str:
        """What changes when the file does."""
        state = self.path.stat()
        return f"{state.st_size} bytes, {state.st_mtime_ns} ns"

    def content(self) -> str:
        """Sha256 of its bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def plan_files(parameters: BatchScoringParameters, bases: Sequence[Path]) -> list[PairFile]:
    """Look at the beginning of every file, so that a bad one is found before any is read.

    Args:
        parameters: where they are and how to read them.
        bases: folders that a relative path starts from, the first that fits wins.

    Raises:
        DataError: there is no file, one cannot be opened, or its columns are unclear.
    """
    source, options = find_source(parameters.source), parameters.options
    if not parameters.source_path:
        raise DataError(
            "batch_scoring.source_path is not set: nothing says what to score. Give a file, glob "
            "or folder: `--params batch_scoring.source_path=pairs.parquet`."
        )
    paths = _find(source, parameters.source_path, bases)
    root = os.path.commonpath([path.parent for path in paths])
    files = []
    for path in paths:
        name = Path(os.path.relpath(path, root)).as_posix()
        layout = layout_of(source, path, options.layout)
        found = column_names(path, layout)
        partition = _partition(path, found) if layout.kind == "parquet" else {}
        columns = choose_columns([*found, *partition], options, str(path))
        kept = _kept(path, layout, columns, partition)
        files.append(PairFile(path, name, layout, columns, kept, partition))
    every = tuple(same_types({str(file.path): file.kept for file in files}))
    return [replace(file, kept=every) for file in files]


def _find(source: Source, place: str, bases: Sequence[Path]) -> list[Path]:
    folders = [base / Path(place).expanduser() for base in bases]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None or source.name == "parquet":
        return locate_files(source, place, Path(), bases)
    found = {path for pattern in source.patterns for path in folder.glob(pattern)}
    if not found:
        raise DataError(f"batch_scoring: no {' or '.join(source.patterns)} in {folder}.")
    return sorted(found)


def _partition(path: Path, found: Sequence[str]) -> dict[str, str]:
    """Columns that only a file's folders name, as Hive, Spark and pandas write partitions."""
    parts = (part.partition("=") for part in path.parts[:-1])
    return {
        unquote(name): "" if value == NO_VALUE else unquote(value)
        for name, equals, value in parts
        if equals and unquote(name) not in found
    }


def _kept(
    path: Path, layout: Layout, columns: Columns, partition: dict[str, str]
) -> tuple[pa.Field, ...]:
    schema = pq.read_schema(path) if layout.kind == "parquet" else None
    return tuple(
        pa.field(new, portable(schema.field(name).type, f"{path}: column {name!r}"))
        if schema is not None and name not in partition
        else pa.field(new, pa.string())
        for name, new in columns.kept.items()
    )


def read_file(file: PairFile, longest: int) -> Iterator[tuple[list[Judged], list[pa.Array]]]:
    """Read and judge a file in bounded memory.

    Args:
        file: as planned.
        longest: most characters of a text.

    Yields:
        Some rows, and the columns handed on beside them, typed as ``file.kept``.

    Raises:
        DataError: the file breaks off, or changed since it was planned.
    """
    parquet = file.layout.kind == "parquet"
    yield from _parquet(file, longest) if parquet else _lines(file, longest)


def _lines(file: PairFile, longest: int) -> Iterator[tuple[list[Judged], list[pa.Array]]]:
    rows = read_rows(file.path, file.layout, file.name)
    kept = {new: name for name, new in file.columns.kept.items()}
    while batch := list(islice(rows, READ_ROWS)):
        fields = [row.fields or {} for row in batch]
        columns = [
            pa.array([_as_text(row.get(kept[field.name])) for row in fields], pa.string())
            if field.name in kept
            else pa.nulls(len(batch), field.type)
            for field in file.kept
        ]
        yield [_judged(row, file.columns.own, longest) for row in batch], columns


def _judged(row: RawRow, own: Any, longest: int) -> Judged:
    if row.fields is None:
        return Judged(row.place, row.place, "", "", row.problem or "", row.detail, row.excerpt)
    named = {field: row.fields.get(column) for field, column in own.items()}
    return judge(row.place, named.get("pair_id"), named["premise"], named["hypothesis"], longest)


def _as_text(value: Any) -> str | None:
    """What is handed on of a line: its text, and JSON of what is none."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _parquet(file: PairFile, longest: int) -> Iterator[tuple[list[Judged], list[pa.Array]]]:
    number, own = 0, file.columns.own
    kept = {new: name for name, new in file.columns.kept.items()}
    inside = {*own.values(), *kept.values()} - file.partition.keys()

    def handed_on(field: pa.Field, batch: pa.RecordBatch) -> pa.Array:
        name = kept.get(field.name)
        if name is None or name in file.partition:
            value = pa.scalar(file.partition.get(name) if name else None, field.type)
            return pa.repeat(value, batch.num_rows)
        return batch[name].cast(field.type, safe=False)

    with pq.ParquetFile(file.path) as rows:
        try:
            for batch in rows.iter_batches(READ_ROWS, columns=sorted(inside)):
                texts = {field: values_of(batch[column]) for field, column in own.items()}
                ids = texts.get("pair_id", [None] * batch.num_rows)
                places = [f"{file.name}:{number + row + 1}" for row in range(batch.num_rows)]
                number += batch.num_rows
                found = zip(places, ids, texts["premise"], texts["hypothesis"])
                judged = [judge(*row, longest) for row in found]
                yield judged, [handed_on(field, batch) for field in file.kept]
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{file.path} is corrupt: it breaks off after row {number:,} ({error})."
            ) from error


def values_of(column: pa.Array) -> list[Any]:
    """A column's values; texts as bytes, as nobody has looked yet whether they are texts."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    textual = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    values: list[Any] = (column.cast(pa.large_binary()) if textual else column).to_pylist()
    return values
