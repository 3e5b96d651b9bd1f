"""What is asked of a table, wherever it lies; a Delta table by its folder or URI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from nli_lifecycle.errors import first_line
from nli_lifecycle.monitoring.columns import Ints
from nli_lifecycle.monitoring.log import LogUnreadable
from nli_lifecycle.serving.log.reading import NoLogHere

if TYPE_CHECKING:
    from deltalake import DeltaTable


@dataclass(frozen=True)
class Key:
    """A column that rows are read by: whole numbers, or moments, which count as microseconds."""

    column: str
    moments: bool = False


class Source(Protocol):
    """A table. Each call looks at it as it is then."""

    @property
    def place(self) -> str:
        """Folder, URI or name, for messages."""

    def columns(self) -> list[str]:
        """Names of its columns.

        Raises:
            NoLogHere: there is no such table.
            LogUnreadable: it cannot be read.
        """

    def keys(self, key: Key, after: int | None = None, until: int | None = None) -> Ints:
        """Keys of the rows between two of them, the first left out, in any order, shape (n,).

        Rows without a key are in no answer.
        """

    def between(self, columns: Sequence[str], key: Key, after: int, until: int) -> pa.Table:
        """Rows between two keys, the first left out, in any order."""

    def where(
        self, columns: Sequence[str], names: Sequence[str], values: Sequence[str]
    ) -> pa.Table:
        """Rows where any of the columns ``names`` holds one of the values."""

    def whole(self, columns: Sequence[str]) -> pa.Table:
        """All rows; for a small table."""


class DeltaSource:
    """See ``Source``; read by delta-rs, without Spark."""

    def __init__(self, place: str, options: Mapping[str, str] | None = None) -> None:
        """Prepare; nothing is contacted yet.

        Args:
            place: folder or URI of the table.
            options: of its storage, as delta-rs names them; login, region.
        """
        self.place = place
        self._options = dict(options or {})

    def columns(self) -> list[str]:
        """See ``Source.columns``."""
        with self._reading():
            return [field.name for field in self._open().schema().fields]

    def keys(self, key: Key, after: int | None = None, until: int | None = None) -> Ints:
        """See ``Source.keys``."""
        bounds = [f"{_quoted(key.column)} IS NOT NULL"]
        bounds += [f"{_quoted(key.column)} > {_literal(key, after)}"] if after is not None else []
        bounds += [f"{_quoted(key.column)} <= {_literal(key, until)}"] if until is not None else []
        number = f"CAST({_instant(key)} AS BIGINT) AS number"
        found = self._ask(f"SELECT {number} FROM log WHERE {' AND '.join(bounds)}")
        return np.asarray(found["number"].to_numpy(), np.int64)

    def between(self, columns: Sequence[str], key: Key, after: int, until: int) -> pa.Table:
        """See ``Source.between``."""
        column = _quoted(key.column)
        bounds = f"{column} > {_literal(key, after)} AND {column} <= {_literal(key, until)}"
        return self._ask(f"SELECT {_list(columns)} FROM log WHERE {bounds}")

    def where(
        self, columns: Sequence[str], names: Sequence[str], values: Sequence[str]
    ) -> pa.Table:
        """See ``Source.where``."""
        texts = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        found = " OR ".join(f"{_quoted(name)} IN ({texts})" for name in names)
        return self._ask(f"SELECT {_list(columns)} FROM log WHERE {found}")

    def whole(self, columns: Sequence[str]) -> pa.Table:
        """See ``Source.whole``."""
        return self._ask(f"SELECT {_list(columns)} FROM log")

    def _ask(self, query: str) -> pa.Table:
        with self._reading():
            from deltalake import QueryBuilder

            return _sortable(pa.table(QueryBuilder().register("log", self._open()).execute(query)))

    def _open(self) -> DeltaTable:
        from deltalake import DeltaTable

        return DeltaTable(self.place, storage_options=self._options)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            from deltalake.exceptions import DeltaError, TableNotFoundError
        except ImportError as error:
            raise LogUnreadable(
                f"{self.place} needs the deltalake library ({error}). Install it with "
                "`pip install 'nli-lifecycle[delta]'`."
            ) from error
        try:
            yield
        except TableNotFoundError as error:
            raise NoLogHere(f"There is no Delta table at {self.place}.") from error
        except (DeltaError, OSError, ValueError, pa.ArrowException) as error:
            why = first_line(error).rstrip(".")
            raise LogUnreadable(
                f"{self.place} cannot be read: {why}. Check that it is a Delta table and that its "
                "storage can be reached; a table with features that delta-rs lacks is read by its "
                "name, through Spark."
            ) from error


def _sortable(table: pa.Table) -> pa.Table:
    """Arrow sorts texts, and does not sort the views of texts that delta-rs gives."""
    texts = [i for i, field in enumerate(table.schema) if str(field.type) == "string_view"]
    schema = table.schema
    for place in texts:
        schema = schema.set(place, schema.field(place).with_type(pa.string()))
    return table.cast(schema) if texts else table


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _list(columns: Sequence[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _instant(key: Key) -> str:
    """The key, moments in microseconds whatever unit the table keeps them in."""
    column = _quoted(key.column)
    return f"arrow_cast({column}, 'Timestamp(Microsecond, None)')" if key.moments else column


def _literal(key: Key, number: int) -> str:
    if not key.moments:
        return str(int(number))
    return f"arrow_cast({int(number)}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
