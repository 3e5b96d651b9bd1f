"""From raw rows to the landed layer: typed columns, every row with its place and position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import pyarrow as pa

from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.schemas import PART_ROWS, landed_schema

#: Rows of a batch that is landed at once.
LANDED_ROWS = 16_384


def land_rows(
    rows: Iterable[RawRow], source: str, keep: tuple[str, ...], part: int = 0
) -> Iterator[pa.RecordBatch]:
    """Turn raw rows into batches of the landed layer; nothing is judged yet, nothing left out.

    Args:
        rows: raw rows in our own fields, readable or not.
        source: the source's name, for the column of that name.
        keep: columns carried along.
        part: number of the landed part, in the order in which parts came.

    Yields:
        Batches with ``landed_schema``, in the order read.
    """
    schema = landed_schema(keep)
    stream = iter(rows)
    position = part * PART_ROWS
    while batch := list(islice(stream, LANDED_ROWS)):
        fields = [row.fields or {} for row in batch]
        columns: dict[str, list[object]] = {
            name: [row.get(name) for row in fields]
            for name in ("pair_id", "premise", "hypothesis", "label", "genre", "split", *keep)
        }
        columns["position"] = list(range(position, position + len(batch)))
        columns["source"] = [source] * len(batch)
        columns["place"] = [row.place for row in batch]
        columns["reason"] = [row.problem or "" for row in batch]
        columns["detail"] = [row.detail for row in batch]
        columns["excerpt"] = [row.excerpt for row in batch]
        position += len(batch)
        yield pa.RecordBatch.from_pydict(columns, schema=schema)
