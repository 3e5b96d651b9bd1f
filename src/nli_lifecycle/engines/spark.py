"""The Spark engine: the same functions, called by Spark's workers on Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from nli_lifecycle.engines.table import EngineError, FrameFunction

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class SparkTable:
    """A Spark DataFrame that knows its Arrow schema."""

    schema: pa.Schema
    frame: DataFrame

    def map(self, function: FrameFunction, schema: pa.Schema) -> SparkTable:
        """See ``Table.map``."""
        apply = partial(_each, function, schema.names)
        return SparkTable(schema, self.frame.mapInPandas(apply, _spark_schema(schema)))

    def group(self, key: str, function: FrameFunction, schema: pa.Schema) -> SparkTable:
        """See ``Table.group``: a partition holds all rows of its keys."""
        session = self.frame.sparkSession
        partitions = int(str(session.conf.get("spark.sql.shuffle.partitions")))
        apply = partial(_whole, function, schema.names)
        divided = self.frame.repartition(partitions, key)
        return SparkTable(schema, divided.mapInPandas(apply, _spark_schema(schema)))

    def union(self, other: SparkTable) -> SparkTable:
        """See ``Table.union``."""
        return SparkTable(self.schema, self.frame.union(other.frame))

    def attach(self, other: SparkTable, on: str) -> SparkTable:
        """See ``Table.attach``."""
        added = [other.schema.field(name) for name in other.schema.names if name != on]
        return SparkTable(
            pa.schema([*self.schema, *added]), self.frame.join(other.frame, on, "left")
        ).select([*self.schema.names, *(field.name for field in added)])

    def where(self, column: str, value: str) -> SparkTable:
        """See ``Table.where``."""
        return SparkTable(self.schema, self.frame.where(self.frame[column] == value))

    def select(self, columns: Sequence[str]) -> SparkTable:
        """See ``Table.select``."""
        schema = pa.schema([self.schema.field(name) for name in columns])
        return SparkTable(schema, self.frame.select(*columns))

    def to_pandas(self) -> pd.DataFrame:
        """See ``Table.to_pandas``."""
        rows: pd.DataFrame = self.frame.toArrow().cast(self.schema).to_pandas()
        return rows

    def in_order(self, column: str) -> SparkTable:
        """See ``Table.in_order``."""
        return SparkTable(self.schema, self.frame.orderBy(column))

    def write(self, folder: Path) -> None:
        """See ``Table.write``."""
        self.frame.write.parquet(_uri(folder))


class SparkEngine:
    """Makes ``SparkTable`` in one session."""

    name = "spark"

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def read(self, folders: Sequence[Path], schema: pa.Schema) -> SparkTable:
        """See ``Engine.read``."""
        if not folders:
            return SparkTable(schema, self._session.createDataFrame([], _spark_schema(schema)))
        reader = self._session.read.schema(_spark_schema(schema))
        return SparkTable(schema, reader.parquet(*map(_uri, folders)))

    def from_pandas(self, frame: pd.DataFrame, schema: pa.Schema) -> SparkTable:
        """See ``Engine.from_pandas``."""
        table = pa.Table.from_pandas(frame, schema, preserve_index=False)
        return SparkTable(schema, self._session.createDataFrame(table, _spark_schema(schema)))

    def named_table(self, name: str) -> SparkTable:
        """See ``Engine.named_table``."""
        from pyspark.errors import AnalysisException
        from pyspark.sql.functions import monotonically_increasing_id
        from pyspark.sql.pandas.types import to_arrow_schema

        try:
            frame = self._session.read.table(name)
            numbered = frame.withColumn("position", monotonically_increasing_id())
            return SparkTable(to_arrow_schema(numbered.schema), numbered)
        except AnalysisException as error:
            raise EngineError(f"source: table {name} cannot be read: {error}") from error


def _each(
    function: FrameFunction, columns: list[str], frames: Iterator[pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    for frame in frames:
        yield function(frame)[columns]


def _whole(
    function: FrameFunction, columns: list[str], frames: Iterator[pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    held = list(frames)
    if held:
        yield function(pd.concat(held, ignore_index=True))[columns]


def _spark_schema(schema: pa.Schema) -> object:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def _uri(folder: Path) -> str:
    """A path that means the same to the driver and the workers, whatever their default is."""
    path = folder.as_posix()
    return path if path.startswith("/Volumes/") else f"file://{path}"
