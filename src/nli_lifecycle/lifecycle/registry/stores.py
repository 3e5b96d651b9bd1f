"""Whether a store can be read at all, asked without changing it and without long patience.

MLflow makes a SQLite file that is not there, makes its tables in an empty database, and tries a
dead one for minutes. Whoever only reads wants none of the three.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from nli_lifecycle.lifecycle.registry.mlflow_registry import DATABASES
from nli_lifecycle.lifecycle.versions import RegistryError

TABLE = "experiments"  # MLflow has made its tables where this one is


def check_readable(uri: str) -> None:
    """Look whether a database holds MLflow's tables; other addresses are left to MLflow.

    Args:
        uri: a tracking or registry store's address.

    Raises:
        RegistryError: it is not there, cannot be reached, or holds something else.
    """
    if not uri.startswith(DATABASES):
        return
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    check_present(uri)
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    try:
        if not sqlalchemy.inspect(engine).has_table(TABLE):
            raise RegistryError(f"The database {without_login(uri)} holds no MLflow registry.")
    except SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", error)).split())
        raise RegistryError(
            f"The database {without_login(uri)} cannot be reached: {said[:200]}."
        ) from error
    finally:
        engine.dispose()


def check_present(uri: str) -> None:
    """Look whether a SQLite store's file is there.

    Raises:
        RegistryError: it is not; opening it would make it.
    """
    file = uri.partition(":///")[2] if uri.startswith("sqlite") else ""
    if file and not Path(file).exists():
        raise RegistryError(f"There is no registry at {file}: nothing was released there yet.")


def without_login(uri: str) -> str:
    """An address without the user and the password that it may carry."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))
