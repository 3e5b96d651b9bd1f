"""How the log's database is opened: SQLite or PostgreSQL, with errors that quote no row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

#: A server that does not answer is given up after seconds, not when TCP does.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_WRITING = {"options": "-c statement_timeout=20000 -c lock_timeout=10000"}  # milliseconds


class LogAddressError(ValueError):
    """The log's address names no database that the log can use."""


def for_reading(url: str) -> Engine:
    """Prepare a database to be read; nothing is contacted yet.

    Args:
        url: SQLAlchemy address; SQLite or PostgreSQL.

    Raises:
        LogAddressError: it is no address, or of another kind of database.
    """
    return _open(url, {})


def for_writing(url: str, *, fsync: bool = False) -> Engine:
    """Prepare a database to be written; otherwise as ``for_reading``.

    Args:
        url: likewise.
        fsync: whether a commit to SQLite survives a power failure; PostgreSQL's do.
    """
    engine = _open(url, _WRITING)
    if engine.dialect.name == "sqlite":

        def connected(connection: Any, record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")  # readers and the writer at once
            connection.execute(f"PRAGMA synchronous={'FULL' if fsync else 'NORMAL'}")

        event.listen(engine, "connect", connected)
    return engine


def _open(url: str, postgresql: dict[str, Any]) -> Engine:
    try:
        address = make_url(url)
        if address.drivername == "postgresql":  # SQLAlchemy 2.1 takes it for psycopg 3
            address = address.set(drivername="postgresql+psycopg2")
        kind = address.get_backend_name()
        options: dict[str, Any] = {"hide_parameters": True}  # parameters are rows
        if kind == "sqlite":
            return create_engine(address, connect_args={"timeout": 2.0}, **options)
        if kind == "postgresql":
            arguments = {**_PATIENCE, **postgresql}
            return create_engine(address, pool_pre_ping=True, connect_args=arguments, **options)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise LogAddressError(
            f"log.url cannot be used: {type(error).__name__}. Give an address such as "
            "sqlite:////folder/inference_log.db or postgresql+psycopg2://user@host/database."
        ) from None  # its text may hold the password
    raise LogAddressError(f"log.url is of a {kind} database: the log takes sqlite or postgresql.")
