"""The database side of the inference log: adding rows and feedback, once each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError

from nli_lifecycle.serving.log.features import WORD
from nli_lifecycle.serving.log.record import Feedback
from nli_lifecycle.serving.log.schema import FEEDBACK, INFERENCE_LOG, STATE, ensure_schema

BATCH_ROWS = 1_000

Values = Sequence[Any]  # columns in the order of features.ROW or WORD
Word = tuple[datetime, str, str]  # time, label, comment

#: A row that the database will not take, now or later.
_UNUSABLE = (DataError, IntegrityError, ValueError, OverflowError)


class Store:
    """Adds to the log's tables. Used by one thread, but for ``last_word``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ready = False

    def prepare(self) -> None:
        """Make or check the tables, once.

        Raises:
            LogSchemaError: they are of another version.
            SQLAlchemyError: the database cannot be used at the moment.
        """
        if not self._ready:
            ensure_schema(self._engine)
            self._ready = True

    def add(self, rows: Sequence[Values], feedback: Sequence[Values]) -> int:
        """Add rows and feedback in one transaction; those that are there already stay as they are.

        Returns:
            How many the database refuses for good.

        Raises:
            LogSchemaError: the tables are of another version.
            SQLAlchemyError: the database cannot be used at the moment; nothing was added.
        """
        self.prepare()
        try:
            with self._engine.begin() as connection:
                self._add(connection, rows, feedback)
            return 0
        except _UNUSABLE:
            return self._add_one_by_one(rows, feedback)

    def last_word(self, said: Feedback) -> Word | None:
        """What this source said last about this pair.

        Raises:
            SQLAlchemyError: the database cannot be used at the moment.
        """
        with self._engine.connect() as connection:
            return _last_word(connection, said.request_id, said.position, said.source)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _add(
        self, connection: Connection, rows: Sequence[Values], feedback: Sequence[Values]
    ) -> None:
        count = len(rows) + len(feedback)
        last: int = connection.execute(
            update(STATE).values(arrivals=STATE.c.arrivals + count).returning(STATE.c.arrivals)
        ).scalar_one()
        numbers = iter(range(last - count + 1, last + 1))
        for start in range(0, len(rows), BATCH_ROWS):
            self._insert(connection, INFERENCE_LOG, rows[start : start + BATCH_ROWS], numbers)
        for word in feedback:
            self._say(connection, word, numbers)

    def _say(self, connection: Connection, word: Values, numbers: Iterator[int]) -> None:
        said = dict(zip(WORD, word))
        last = _last_word(connection, said["request_id"], said["position"], said["source"])
        if last is None or last[1:] != (said["label"], said["comment"]):
            self._insert(connection, FEEDBACK, [word], numbers)

    def _insert(
        self, connection: Connection, table: Table, rows: Sequence[Values], numbers: Iterator[int]
    ) -> None:
        """Insert what is not there yet."""
        numbered = [(*row, next(numbers)) for row in rows]
        if connection.dialect.name == "postgresql":
            statement = postgresql.insert(table).on_conflict_do_nothing()
            names = table.columns.keys()
            connection.execute(statement, [dict(zip(names, row)) for row in numbered])
        else:  # SQLAlchemy's way from values to parameters takes longer than SQLite's insert
            sql, time = _for_sqlite(table), table.columns.keys().index("time")
            connection.exec_driver_sql(
                sql, [(*row[:time], _written(row[time]), *row[time + 1 :]) for row in numbered]
            )

    def _add_one_by_one(self, rows: Sequence[Values], feedback: Sequence[Values]) -> int:
        """Find out which of them the database refuses."""
        refused = 0
        singles: list[tuple[Sequence[Values], Sequence[Values]]]
        singles = [*(([row], ()) for row in rows), *(((), [word]) for word in feedback)]
        for single in singles:
            try:
                with self._engine.begin() as connection:
                    self._add(connection, *single)
            except _UNUSABLE:
                refused += 1
        return refused


def _last_word(connection: Connection, request_id: str, position: int, source: str) -> Word | None:
    found = connection.execute(
        select(FEEDBACK.c.time, FEEDBACK.c.label, FEEDBACK.c.comment)
        .where(
            FEEDBACK.c.request_id == request_id,
            FEEDBACK.c.position == position,
            FEEDBACK.c.source == source,
        )
        .order_by(FEEDBACK.c.time.desc(), FEEDBACK.c.arrival.desc())
        .limit(1)
    ).first()
    return None if found is None else (found.time, found.label, found.comment)


@cache
def _for_sqlite(table: Table) -> str:
    return str(sqlite.insert(table).on_conflict_do_nothing().compile(dialect=sqlite.dialect()))


def _written(time: datetime) -> str:
    """A moment as SQLAlchemy writes it into SQLite, and reads it."""
    return time.replace(tzinfo=None).isoformat(" ", "microseconds")
