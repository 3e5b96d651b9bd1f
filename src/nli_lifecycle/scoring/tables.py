"""A table of the platform's catalog, landed in portions by Spark.

A table's rows come in no order. A row's portion follows from its content, so that the same table is
divided alike whenever it is landed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.engines.spark import SparkEngine, uri_of
from nli_lifecycle.engines.table import Engine
from nli_lifecycle.nli.data.ingest import Ingest, LandedPart
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.scoring.columns import Columns, choose_columns
from nli_lifecycle.scoring.landing import ROWS, count_rows, landed, reading_key
from nli_lifecycle.scoring.parameters import BatchScoringParameters
from nli_lifecycle.scoring.rows import ASIDE, PORTION, landed_schema, portion_folder
from nli_lifecycle.scoring.task import ROW, judge_batches

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def land_table(engine: Engine, store: KeyedStore, parameters: BatchScoringParameters) -> Ingest:
    """Land a table as it is now, unless it was landed before and has not changed.

    Raises:
        EngineError: the engine is not Spark, or has no such table.
        DataError: its columns are unclear, or it changed while it was read.
    """
    name = parameters.source_path or ""
    engine.named_table(name)  # refuses what cannot be read
    assert isinstance(engine, SparkEngine)
    frame = engine.session.read.table(name)
    columns = choose_columns(frame.columns, parameters.options, name)
    rows, content = _fingerprint(frame)
    key = reading_key(parameters, name, content)
    folder, new = store.find(key, ROWS), 0
    if folder is None:
        portions = max(1, -(-rows // parameters.portion_rows))
        with store.writing(key, ROWS) as folder:
            _write(frame, name, columns, portions, parameters.max_characters, folder)
            if (count_rows(folder), *_fingerprint(frame)) != (rows, rows, content):
                raise DataError(
                    f"Table {name} changed while it was read. Nothing of it was used. Run again "
                    "when whatever writes it has finished."
                )
        new = rows
    part = LandedPart(
        number=0,
        key=key,
        source="table",
        name=name,
        origin=name,
        stamp=content,
        content=content,
        rows=rows,
    )
    return landed([part], new, parameters, list(columns.kept.values()))


def _fingerprint(frame: DataFrame) -> tuple[int, str]:
    """Rows, and what identifies their content in whatever order: sums of their hashes."""
    from pyspark.sql import functions as f

    hashes = frame.select(_hash(frame).alias(ROW))
    total = f.sum(f.col(ROW).cast("decimal(20,0)"))
    found = hashes.agg(f.count("*"), f.bit_xor(ROW), total).collect()[0]
    return int(found[0]), "-".join(map(str, found))


def _hash(frame: DataFrame) -> Column:
    from pyspark.sql import functions as f

    return f.xxhash64(*map(_column, frame.columns))


def _column(name: str) -> Column:
    from pyspark.sql import functions as f

    return f.col("`" + name.replace("`", "``") + "`")


def _write(
    frame: DataFrame, name: str, columns: Columns, portions: int, longest: int, folder: Path
) -> None:
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
    from pyspark.sql.types import StringType, StructField, StructType

    own = [_column(column).alias(f"{ROW}_{field}") for field, column in columns.own.items()]
    # By numbers, as Spark takes a dot in a name for a path.
    kept = [_column(column).alias(str(n)) for n, column in enumerate(columns.kept)]
    rows = frame.select(_hash(frame).alias(ROW), *own, *kept)
    names = tuple(columns.kept.values())
    found = zip(names, rows.schema.fields[1 + len(own) :])
    texts = from_arrow_schema(landed_schema([]))
    whole = StructType([*texts.fields, *(StructField(new, f.dataType) for new, f in found)])
    function = partial(judge_batches, name, tuple(columns.own), names, portions, longest)
    divided = StructType([*whole.fields, StructField(PORTION, StringType())])
    judged = rows.mapInArrow(function, divided).repartition(PORTION)
    judged.write.partitionBy(PORTION).parquet(uri_of(folder))
    for empty in (portion_folder(0), portion_folder(ASIDE)):
        if not (folder / empty).is_dir():
            (folder / empty).mkdir()
            table = to_arrow_schema(whole).empty_table()
            pq.write_table(table, folder / empty / "part.parquet")
