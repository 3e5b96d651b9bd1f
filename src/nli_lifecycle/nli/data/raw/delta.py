"""Delta tables: their Parquet files never change, so each is a portion of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa

from nli_lifecycle.nli.data.ingest import Portion
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.columns import map_columns
from nli_lifecycle.nli.data.raw.extraction import own_fields
from nli_lifecycle.nli.data.raw.portions import reading_settings
from nli_lifecycle.nli.data.raw.reading import PARQUET_BATCH, Layout, RawRow
from nli_lifecycle.nli.data.raw.sources import Source, split_names
from nli_lifecycle.parameters import SourceOptions


def delta_portions(source: Source, place: str, options: SourceOptions) -> list[Portion]:
    """Open a Delta table by its folder or URI, in its newest version.

    Args:
        source: the source ``delta``.
        place: folder or URI of the table.
        options: the user's own settings.

    Returns:
        One portion for each data file: those of an earlier version are recognised.

    Raises:
        DataError: no such table, or the library is missing.
    """
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError as error:
        raise DataError(
            f"source: delta needs the deltalake library ({error}). Install it with "
            "`pip install 'nli-lifecycle[delta]'`."
        ) from error
    try:
        dataset = DeltaTable(place).to_pyarrow_dataset()
    except (DeltaError, OSError, ValueError) as error:
        raise DataError(
            f"source: delta: {place or '(source_path is empty)'} cannot be opened: {error}. "
            "Give the table's folder or URI in source_path."
        ) from error
    columns = map_columns(dataset.schema.names, options, place, Layout("parquet"))
    names = split_names(source, options)
    portions = []
    for fragment in sorted(dataset.get_fragments(), key=lambda part: str(part.path)):
        name = str(fragment.path).rsplit("/", 1)[-1]
        read = partial(_rows, fragment, dataset.schema, name, columns, names)
        portions.append(
            Portion(
                source=source.name,
                name=name,
                origin=f"{place}/{fragment.path}",
                stamp=str(fragment.path),
                settings=reading_settings(source, options, name),
                content=partial(str, fragment.path),
                rows=read,
            )
        )
    return portions


def _rows(
    fragment: Any, schema: pa.Schema, name: str, columns: dict[str, str], names: dict[str, str]
) -> Iterator[RawRow]:
    number = 0
    try:
        for batch in fragment.to_batches(schema=schema, batch_size=PARQUET_BATCH):
            for fields in batch.to_pylist():
                number += 1
                yield own_fields(RawRow(f"{name}:{number}", fields), columns, "", names)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{fragment.path} is corrupt: it breaks off after row {number:,} ({error})."
        ) from error
