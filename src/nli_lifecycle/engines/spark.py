"""The Spark engine: the same functions, called by Spark's workers on Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from nli_lifecycle.engines.batches import extended, grouped, mapped
from nli_lifecycle.engines.table import EngineError, FrameFunction

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


BatchFunction = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class SparkTable:
    """A Spark DataFrame that knows its Arrow schema."""

    schema: pa.Schema
    frame: DataFrame

    def map(self, function: FrameFunction, schema: pa.Schema) -> SparkTable:
        """See ``Table.map``."""
        return self._through(partial(mapped, function, schema), schema)

    def extend(
        self, function: FrameFunction, inputs: Sequence[str], schema: pa.Schema
    ) -> SparkTable:
        """See ``Table.extend``."""
        return self._through(partial(extended, function, list(inputs), schema), schema)

    def group(self, key: str, function: FrameFunction, schema: pa.Schema) -> SparkTable:
        """See ``Table.group``: a partition holds all rows of its keys."""
        # Without a number Spark may put small partitions together, and never divides one.
        divided = SparkTable(self.schema, self.frame.repartition(key))
        return divided._through(partial(grouped, function, schema), schema)

    def _through(self, function: BatchFunction, schema: pa.Schema) -> SparkTable:
        # Arrow all the way, as in our own process: Spark's own way to pandas differs in details.
        return SparkTable(schema, self.frame.mapInArrow(function, _spark_schema(schema)))

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
        self.frame.write.parquet(uri_of(folder))


class SparkEngine:
    """Makes ``SparkTable`` in one session."""

    name = "spark"

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    @property
    def session(self) -> SparkSession:
        """The session, for work that is no table's."""
        return self._session

    def read(self, folders: Sequence[Path], schema: pa.Schema) -> SparkTable:
        """See ``Engine.read``."""
        if not folders:
            return SparkTable(schema, self._session.createDataFrame([], _spark_schema(schema)))
        reader = self._session.read.schema(_spark_schema(schema))
        return SparkTable(schema, reader.parquet(*map(uri_of, folders)))

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


def _spark_schema(schema: pa.Schema) -> object:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def uri_of(folder: Path) -> str:
    """A path that means the same to the driver and the workers, whatever their default is."""
    path = folder.as_posix()
    return path if path.startswith("/Volumes/") else f"file://{path}"
