"""Tables of the inference log: docs/inference_log.md."""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.schema import CreateIndex, CreateTable

SCHEMA_VERSION = 1


class LogSchemaError(RuntimeError):
    """The database holds the inference log of another version of this project."""


class UtcTime(TypeDecorator[datetime]):
    """A moment; SQLite keeps no zone, so that UTC is what it gets and gives."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say of a moment without a zone that it is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value


metadata = MetaData()

#: One row. ``arrivals`` numbers rows: whoever adds some takes this row's lock until its commit, so
#: that numbers become visible in their order, and a reader who goes by them misses none.
STATE = Table(
    "inference_log_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("schema_version", Integer, nullable=False),
    Column("arrivals", BigInteger, nullable=False),
)

INFERENCE_LOG = Table(
    "inference_log",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("role", Text, primary_key=True),
    Column("time", UtcTime, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("environment", Text),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("p_entailment", Double, nullable=False),
    Column("p_neutral", Double, nullable=False),
    Column("p_contradiction", Double, nullable=False),
    Column("premise_chars", Integer, nullable=False),
    Column("hypothesis_chars", Integer, nullable=False),
    Column("premise_words", Integer, nullable=False),
    Column("hypothesis_words", Integer, nullable=False),
    Column("overlap", Double),
    Column("unknown_share", Double),
    Column("pair_hash", Text, nullable=False),
    Column("premise", Text),
    Column("hypothesis", Text),
    Column("latency_ms", Double, nullable=False),
    Column("arrival", BigInteger, nullable=False),
    Index("inference_log_arrival", "arrival"),
)
Index(
    "inference_log_shadow",
    INFERENCE_LOG.c.digest,
    sqlite_where=INFERENCE_LOG.c.role == "shadow",
    postgresql_where=INFERENCE_LOG.c.role == "shadow",
)

FEEDBACK = Table(
    "feedback",
    metadata,
    Column("word", Text, primary_key=True),  # a random name, so that replaying adds nothing
    Column("request_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("comment", Text, nullable=False),
    Column("arrival", BigInteger, nullable=False),
    Index("feedback_arrival", "arrival"),
    Index("feedback_pair", "request_id", "position", "source"),
)


def ensure_schema(engine: Engine) -> None:
    """Make the tables where there are none, and check their version.

    Raises:
        LogSchemaError: they are of another version.
        SQLAlchemyError: the database cannot be used at the moment.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # of processes that start together, one makes them
            connection.execute(select(func.pg_advisory_xact_lock(0x6E6C695F6C6F67)))
        else:
            connection.execute(text("BEGIN IMMEDIATE"))
        if not inspect(connection).has_table(STATE.name):
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(CreateIndex(index))
            state = {"id": 1, "schema_version": SCHEMA_VERSION, "arrivals": 0}
            connection.execute(insert(STATE).values(state))
        check_version(connection)


def check_version(connection: Connection) -> None:
    """Compare the tables' version with ours.

    Raises:
        LogSchemaError: they are of another version.
    """
    found = connection.execute(select(STATE.c.schema_version)).scalar()
    if found != SCHEMA_VERSION:
        age = "an older" if found is not None and found < SCHEMA_VERSION else "a newer"
        raise LogSchemaError(
            f"The inference log's tables are of {age} version, {found}; this service writes and "
            f"reads {SCHEMA_VERSION}. Give log.url another database, or run the service's version "
            "that made it."
        )
