"""The pandas engine: one process, streams in batches, spills groups to disk."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nli_lifecycle.engines.batches import extended, grouped, mapped
from nli_lifecycle.engines.table import EngineError, FrameFunction, parquet_files

#: Rows in memory at a time, where rows are independent of each other.
BATCH_ROWS = 16_384

#: Bytes of rows that are grouped in memory; more are first divided on disk by their key.
GROUP_BYTES = 64 * 2**20

#: Rows of one Parquet file.
FILE_ROWS = 2_000_000

#: Columns of few different values; others are not worth looking for repetitions in.
FEW_VALUES = {"source", "label", "genre", "split", "reason", "detail", "excerpt", "verdict"}
FEW_VALUES |= {"verdict_detail", "known", "assigned", "split_reason", "split_detail", "rule"}

Batches = Callable[[], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class LocalTable:
    """A recipe for batches of rows; each use of the table runs it anew."""

    schema: pa.Schema
    batches: Batches

    def map(self, function: FrameFunction, schema: pa.Schema) -> LocalTable:
        """See ``Table.map``."""

        return LocalTable(schema, lambda: mapped(function, schema, self.batches()))

    def extend(
        self, function: FrameFunction, inputs: Sequence[str], schema: pa.Schema
    ) -> LocalTable:
        """See ``Table.extend``."""
        names = list(inputs)
        return LocalTable(schema, lambda: extended(function, names, schema, self.batches()))

    def group(self, key: str, function: FrameFunction, schema: pa.Schema) -> LocalTable:
        """See ``Table.group``."""

        def whole_groups() -> Iterator[pa.RecordBatch]:
            for batches in _gathered(self, key):
                for batch in grouped(function, schema, batches):
                    for start in range(0, batch.num_rows, BATCH_ROWS):
                        yield batch.slice(start, BATCH_ROWS)

        return LocalTable(schema, whole_groups)

    def union(self, other: LocalTable) -> LocalTable:
        """See ``Table.union``."""

        def both() -> Iterator[pa.RecordBatch]:
            yield from self.batches()
            yield from other.batches()

        return LocalTable(self.schema, both)

    def attach(self, other: LocalTable, on: str) -> LocalTable:
        """See ``Table.attach``."""
        added = [name for name in other.schema.names if name != on]
        schema = pa.schema([*self.schema, *(other.schema.field(name) for name in added)])

        def attached() -> Iterator[pa.RecordBatch]:
            found = pa.Table.from_batches(other.batches(), other.schema).sort_by(on)
            found = found.combine_chunks()
            keys = found[on].to_numpy()
            for batch in self.batches():
                wanted = batch[on].to_numpy()
                places = np.searchsorted(keys, wanted)
                there = places < len(keys)
                there[there] = keys[places[there]] == wanted[there]
                index = pa.array(places, mask=~there)
                columns = [_only_chunk(found[name].take(index)) for name in added]
                yield pa.RecordBatch.from_arrays([*batch.columns, *columns], schema=schema)

        return LocalTable(schema, attached)

    def where(self, column: str, value: str) -> LocalTable:
        """See ``Table.where``."""
        wanted = pa.scalar(value)

        def chosen() -> Iterator[pa.RecordBatch]:
            for batch in self.batches():
                yield batch.filter(pc.equal(batch[column], wanted))

        return LocalTable(self.schema, chosen)

    def select(self, columns: Sequence[str]) -> LocalTable:
        """See ``Table.select``."""
        schema = pa.schema([self.schema.field(name) for name in columns])
        return LocalTable(schema, lambda: (b.select(list(columns)) for b in self.batches()))

    def to_pandas(self) -> pd.DataFrame:
        """See ``Table.to_pandas``."""
        rows: pd.DataFrame = pa.Table.from_batches(self.batches(), self.schema).to_pandas()
        return rows

    def in_order(self, column: str) -> LocalTable:
        """See ``Table.in_order``."""
        return LocalTable(self.schema, lambda: _in_order(self.batches(), column))

    def write(self, folder: Path) -> None:
        """See ``Table.write``."""
        write_batches(self.batches(), self.schema, folder)


class LocalEngine:
    """Makes ``LocalTable``."""

    name = "pandas"

    def read(self, folders: Sequence[Path], schema: pa.Schema) -> LocalTable:
        """See ``Engine.read``."""
        files = parquet_files(folders)

        def batches() -> Iterator[pa.RecordBatch]:
            for path in files:
                with pq.ParquetFile(path) as file:
                    for batch in file.iter_batches(
                        BATCH_ROWS, columns=schema.names, use_threads=False
                    ):
                        yield batch.cast(schema)

        return LocalTable(schema, batches)

    def from_pandas(self, frame: pd.DataFrame, schema: pa.Schema) -> LocalTable:
        """See ``Engine.from_pandas``."""
        table = pa.Table.from_pandas(frame, schema, preserve_index=False)
        return LocalTable(schema, lambda: iter(table.to_batches(BATCH_ROWS)))

    def named_table(self, name: str) -> LocalTable:
        """Refuse: catalogs of tables belong to a platform, and it speaks Spark."""
        raise EngineError(
            f"source: table {name} is read with engine: spark only. Set it in this environment's "
            "globals.yml, or export the table to Parquet and use source: parquet."
        )


def write_batches(batches: Iterator[pa.RecordBatch], schema: pa.Schema, folder: Path) -> int:
    """Stream batches into Parquet files of a new folder; returns the rows written."""
    folder.mkdir(parents=True)
    few = [name for name in schema.names if name in FEW_VALUES]
    written = 0
    batch = next(batches, None)
    while batch is not None or not written:
        path = folder / f"part-{written // FILE_ROWS:05d}.parquet"
        end = (written // FILE_ROWS + 1) * FILE_ROWS
        with pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=few) as writer:
            while batch is not None and written < end:
                writer.write_batch(batch)
                written += batch.num_rows
                batch = next(batches, None)
        if not written:
            break
    return written


def _only_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _gathered(table: LocalTable, key: str) -> Iterator[list[pa.RecordBatch]]:
    """All rows of each key together: all keys at once, or one bucket on disk after another."""
    held: list[pa.RecordBatch] = []
    batches = table.batches()
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size > GROUP_BYTES:
            break
    else:
        yield held
        return

    def all_batches() -> Iterator[pa.RecordBatch]:
        while held:
            yield held.pop(0)
        yield from batches

    with tempfile.TemporaryDirectory(prefix="nli-groups-") as folder:
        yield from _spilled(all_batches(), table.schema, key, Path(folder))


#: Buckets on disk. More rows make larger buckets: 64 of them hold 100 million narrow rows.
BUCKETS = 64


def _spilled(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, key: str, folder: Path
) -> Iterator[list[pa.RecordBatch]]:
    paths = [folder / f"{number}.arrow" for number in range(BUCKETS)]
    writers = [pa.ipc.new_file(path, schema) for path in map(str, paths)]
    held: list[pa.RecordBatch] = []
    try:
        for batch in batches:
            held.append(batch)
            if sum(part.num_rows for part in held) >= BUCKETS * 2_048:
                _scatter(held, schema, key, writers)
                held = []
        _scatter(held, schema, key, writers)
    finally:
        for writer in writers:
            writer.close()
    for path in paths:
        with pa.memory_map(str(path)) as file:
            rows = pa.ipc.open_file(file).read_all()
        yield rows.to_batches()
        path.unlink()


def _scatter(
    held: list[pa.RecordBatch],
    schema: pa.Schema,
    key: str,
    writers: list[pa.ipc.RecordBatchFileWriter],
) -> None:
    rows = pa.Table.from_batches(held, schema).combine_chunks()
    buckets = _bucket(rows[key])
    order = np.argsort(buckets, kind="stable")
    edges = np.searchsorted(buckets[order], np.arange(BUCKETS + 1))
    rows = rows.take(pa.array(order))
    for number, writer in enumerate(writers):
        part = rows.slice(edges[number], edges[number + 1] - edges[number])
        if part.num_rows:
            writer.write_table(part)


def _bucket(keys: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Spread keys over the buckets, evenly and the same in every batch."""
    if pa.types.is_string(keys.type):
        values = pd.util.hash_array(keys.to_numpy(zero_copy_only=False), categorize=False)
    else:
        numbers = pc.fill_null(keys, -1).to_numpy().view(np.uint64)
        values = numbers * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)
    return (values % np.uint64(BUCKETS)).astype(np.int64)


def _in_order(batches: Iterator[pa.RecordBatch], key: str) -> Iterator[pa.RecordBatch]:
    """Hand batches on, sure that they are sorted: streams are, unless something was grouped."""
    last = None
    for batch in batches:
        values = batch[key].to_numpy()
        if len(values):
            if (np.diff(values) < 0).any() or (last is not None and values[0] < last):
                raise ValueError(f"These rows were grouped, so they are not in order of {key}.")
            last = values[-1]
        yield batch
