"""Reading the log: in batches of columns, by arrival, in bounded memory.

A reader keeps the highest ``arrival`` it has seen and asks for what came after. Whatever time a row
says, and however late it reached the database, its arrival is above everything read before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, func, inspect, select
from sqlalchemy.engine import make_url

from nli_lifecycle.serving.log.database import for_reading
from nli_lifecycle.serving.log.schema import (
    FEEDBACK,
    INFERENCE_LOG,
    STATE,
    check_version,
)

BATCH_ROWS = 10_000
PAIRS_ASKED = 500  # in one query

Batch = dict[str, list[Any]]  # column → values, as many in each


class NoLogHere(RuntimeError):
    """There is no inference log at the address."""


class LogReader:
    """Reads an inference log, which it never makes or changes."""

    def __init__(self, url: str) -> None:
        """Prepare; nothing is contacted yet.

        Args:
            url: SQLAlchemy address, as in ``log.url`` of ``serving.yml``.

        Raises:
            LogAddressError: it is no address, or of another kind of database.
        """
        self._engine: Engine = for_reading(url)
        self._file = make_url(url).database if url.startswith("sqlite") else None

    def watermark(self) -> int:
        """The highest arrival so far; all rows up to it can be read.

        Raises:
            NoLogHere: there is none at this address.
            LogSchemaError: it is of another version.
            SQLAlchemyError: the database cannot be used at the moment.
        """
        with self.connection() as connection:
            return int(connection.execute(select(STATE.c.arrivals)).scalar_one())

    def rows(
        self,
        after: int = 0,
        until: int | None = None,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[Batch]:
        """Read rows of ``inference_log`` in the order of their arrival.

        Args:
            after: arrival up to which everything is known; 0: nothing is.
            until: last arrival to read; None: the watermark of now.
            since: rows of this moment and later.
            before: rows of earlier moments.
            columns: names; None: all. ``arrival`` always comes along.
            batch_rows: rows of a batch at most.

        Raises:
            NoLogHere: there is none at this address.
            LogSchemaError: it is of another version.
            SQLAlchemyError: the database cannot be used at the moment.
        """
        query = _arrived(INFERENCE_LOG, columns, after, until)
        if since is not None:
            query = query.where(INFERENCE_LOG.c.time >= since)
        if before is not None:
            query = query.where(INFERENCE_LOG.c.time < before)
        return self._read(query, batch_rows)

    def feedback(
        self, after: int = 0, until: int | None = None, *, batch_rows: int = BATCH_ROWS
    ) -> Iterator[Batch]:
        """Read feedback, every word of it, in the order of its arrival; otherwise as ``rows``."""
        return self._read(_arrived(FEEDBACK, None, after, until), batch_rows)

    def last_words(self, *, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """Read what each source said last about each pair; otherwise as ``rows``."""
        pair = FEEDBACK.c.request_id, FEEDBACK.c.position, FEEDBACK.c.source
        latest = FEEDBACK.c.time.desc(), FEEDBACK.c.arrival.desc()
        place = func.row_number().over(partition_by=pair, order_by=latest).label("place")
        ranked = select(FEEDBACK, place).subquery()
        kept = [column for column in ranked.columns if column.name not in ("word", "place")]
        query = select(*kept).where(ranked.c.place == 1).order_by(ranked.c.arrival)
        return self._read(query, batch_rows)

    def answered(self, pairs: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
        """Find which of these pairs (request id, position) somebody got an answer on.

        Raises:
            NoLogHere, LogSchemaError, SQLAlchemyError: as ``rows``.
        """
        request, position = INFERENCE_LOG.c.request_id, INFERENCE_LOG.c.position
        found: set[tuple[str, int]] = set()
        with self.connection() as connection:
            asked = sorted(set(pairs))
            for begin in range(0, len(asked), PAIRS_ASKED):
                some = asked[begin : begin + PAIRS_ASKED]
                query = select(request, position).where(
                    INFERENCE_LOG.c.role == "champion", request.in_({pair[0] for pair in some})
                )
                found |= {(row[0], row[1]) for row in connection.execute(query)} & set(some)
        return found

    def recent(self, until: int) -> None:
        """Say that nothing comes late: arrivals are given in the order in which rows come."""

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Connect to a log that is there, of our version.

        Raises:
            NoLogHere: there is none at this address.
            LogSchemaError: it is of another version.
            SQLAlchemyError: the database cannot be used at the moment.
        """
        if self._file is not None and not Path(self._file).is_file():
            raise NoLogHere(f"There is no inference log: {self._file} is not there.")
        with self._engine.connect() as connection:
            if not inspect(connection).has_table(STATE.name):
                raise NoLogHere("There is no inference log: the database has no such tables.")
            check_version(connection)
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _read(self, query: Select[Any], batch_rows: int) -> Iterator[Batch]:
        with self.connection() as connection:
            result = connection.execution_options(yield_per=batch_rows).execute(query)
            names = list(result.keys())
            for rows in result.partitions():
                yield dict(zip(names, map(list, zip(*rows))))


def _arrived(
    table: Table, columns: Sequence[str] | None, after: int, until: int | None
) -> Select[Any]:
    chosen = table.columns.keys() if columns is None else [*columns]
    if "arrival" not in chosen:
        chosen.append("arrival")
    query = select(*(table.c[name] for name in dict.fromkeys(chosen))).where(
        table.c.arrival > after
    )
    if until is not None:
        query = query.where(table.c.arrival <= until)
    return query.order_by(table.c.arrival)
