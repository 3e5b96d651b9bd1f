"""Between Arrow batches and pandas frames: the same few lines in our process and in Spark's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd
import pyarrow as pa

from nli_lifecycle.engines.table import FrameFunction


def mapped(
    function: FrameFunction, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Apply a function to batches: any number of rows out of each."""
    for batch in batches:
        if batch.num_rows:
            yield packed(function(frame_of(batch)), schema)


def extended(
    function: FrameFunction,
    inputs: list[str],
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Compute some columns of each row out of others; the rest are handed on untouched."""
    for batch in batches:
        if not batch.num_rows:
            continue
        frame = function(frame_of(batch.select(inputs)))
        columns = [
            _column(frame, field) if field.name in frame else batch[field.name] for field in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def grouped(
    function: FrameFunction, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Apply a function to all batches together."""
    held = [batch for batch in batches if batch.num_rows]
    if held:
        yield packed(function(frame_of(pa.Table.from_batches(held))), schema)


def frame_of(rows: pa.RecordBatch | pa.Table) -> pd.DataFrame:
    """Take rows as a frame.

    Most texts differ, so none is looked up among those before it. Integers beside a null stay
    integers: as floats, which pandas would make of them, two of 60 bits may become one.
    """
    frame: pd.DataFrame = rows.to_pandas(deduplicate_objects=False, integer_object_nulls=True)
    return frame


def packed(frame: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """Take a frame's columns that a schema names."""
    columns = [_column(frame, field) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(frame: pd.DataFrame, field: pa.Field) -> pa.Array:
    return pa.Array.from_pandas(frame[field.name], type=field.type)
