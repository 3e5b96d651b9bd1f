"""A table by its name, through Spark: Unity Catalog's, or any that the session knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from nli_lifecycle.engines.session import open_session
from nli_lifecycle.errors import first_line
from nli_lifecycle.inference_table.source import Key
from nli_lifecycle.monitoring.columns import Ints
from nli_lifecycle.monitoring.log import LogUnreadable
from nli_lifecycle.serving.log.reading import NoLogHere

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

#: What Spark calls a table that is not there.
MISSING = "TABLE_OR_VIEW_NOT_FOUND"


class SparkSource:
    """See ``Source``."""

    def __init__(self, table: str, master: str, options: Mapping[str, str]) -> None:
        """Prepare; a session is opened when the table is read first.

        Args:
            table: its name, ``<catalog>.<schema>.<table>``.
            master: as ``open_session`` takes it.
            options: likewise.
        """
        self.place = table
        self._master = master
        self._options = options

    def columns(self) -> list[str]:
        """See ``Source.columns``."""
        with self._reading():
            return list(self._frame().columns)

    def keys(self, key: Key, after: int | None = None, until: int | None = None) -> Ints:
        """See ``Source.keys``."""
        from pyspark.sql import functions as f

        with self._reading():
            frame = self._frame().where(f.col(key.column).isNotNull())
            if after is not None:
                frame = frame.where(f.col(key.column) > _literal(key, after))
            if until is not None:
                frame = frame.where(f.col(key.column) <= _literal(key, until))
            column = f.col(key.column)
            number = (f.unix_micros(column) if key.moments else column.cast("bigint")).alias("n")
            found: pa.Table = frame.select(number).toArrow()
        return np.asarray(found["n"].to_numpy(), np.int64)

    def between(self, columns: Sequence[str], key: Key, after: int, until: int) -> pa.Table:
        """See ``Source.between``."""
        from pyspark.sql import functions as f

        with self._reading():
            column = f.col(key.column)
            inside = (column > _literal(key, after)) & (column <= _literal(key, until))
            return self._frame().where(inside).select(*columns).toArrow()

    def where(
        self, columns: Sequence[str], names: Sequence[str], values: Sequence[str]
    ) -> pa.Table:
        """See ``Source.where``."""
        from pyspark.sql import functions as f

        with self._reading():
            found = f.lit(False)
            for name in names:
                found = found | f.coalesce(f.col(name).isin(list(values)), f.lit(False))
            return self._frame().where(found).select(*columns).toArrow()

    def whole(self, columns: Sequence[str]) -> pa.Table:
        """See ``Source.whole``."""
        with self._reading():
            return self._frame().select(*columns).toArrow()

    def _frame(self) -> DataFrame:
        return open_session(self._master, self._options).read.table(self.place)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            from pyspark.errors import PySparkException
        except ImportError as error:
            raise LogUnreadable(
                f"The table {self.place} needs PySpark ({error}). Install it with "
                "`pip install 'nli-lifecycle[spark]'`, or give the table's folder as filepath."
            ) from error
        try:
            yield
        except PySparkException as error:
            if MISSING in str(error):
                raise NoLogHere(f"There is no table {self.place} in Spark's catalog.") from error
            reason = first_line(error).rstrip(".")
            raise LogUnreadable(
                f"The table {self.place} cannot be read: {reason}. Check its name, and that "
                "whoever runs this may SELECT from it."
            ) from error


def _literal(key: Key, number: int) -> Column:
    from pyspark.sql import functions as f

    return f.timestamp_micros(f.lit(int(number))) if key.moments else f.lit(int(number))
