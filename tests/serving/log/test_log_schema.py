"""The log's tables: made once, versioned, with moments in UTC; addresses that cannot be used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from logged import NOW, log_settings, opened
from sqlalchemy import inspect, update

from nli_lifecycle.serving.log.database import LogAddressError, for_writing
from nli_lifecycle.serving.log.reading import LogReader, NoLogHere
from nli_lifecycle.serving.log.schema import (
    STATE,
    LogSchemaError,
    UtcTime,
    ensure_schema,
)


def test_of_processes_that_start_together_one_makes_the_tables(tmp_path: Path) -> None:
    engines = [for_writing(f"sqlite:///{tmp_path}/log.db") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ensure_schema, engines))
    assert set(inspect(engines[0]).get_table_names()) == {
        *("feedback", "inference_log", "inference_log_state"),
    }


@pytest.mark.parametrize("version, age", [(0, "an older"), (99, "a newer")])
def test_tables_of_another_version_are_left_alone(tmp_path: Path, version: int, age: str) -> None:
    settings = log_settings(tmp_path)
    engine = for_writing(settings.url)
    ensure_schema(engine)
    with engine.begin() as connection:
        connection.execute(update(STATE).values(schema_version=version))
    with pytest.raises(LogSchemaError, match=f"{age} version, {version}"):
        opened(settings)
    with pytest.raises(LogSchemaError, match="Give log.url another database"):
        LogReader(settings.url).watermark()


@pytest.mark.parametrize(
    "url", ["postgresql+nosuch://me:hidden@host/db", "mysql://me:hidden@host/db", "hidden", ""]
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(LogAddressError) as error:
        for_writing(url)
    assert "log.url" in str(error.value) and "hidden" not in str(error.value)


def test_postgresql_without_a_driver_means_psycopg2() -> None:
    engine = for_writing("postgresql://me@host/db")
    assert engine.dialect.driver == "psycopg2"


def test_reading_makes_no_log(tmp_path: Path) -> None:
    with pytest.raises(NoLogHere, match="log.db is not there"):
        LogReader(f"sqlite:///{tmp_path}/log.db").watermark()
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty.db").touch()
    with pytest.raises(NoLogHere, match="no such tables"):
        LogReader(f"sqlite:///{tmp_path}/empty.db").watermark()
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("empty.db", 0)]


def test_moments_without_a_zone_are_utc() -> None:
    dialect = for_writing("sqlite://").dialect
    assert UtcTime().process_result_value(NOW.replace(tzinfo=None), dialect) == NOW
    assert UtcTime().process_result_value(None, dialect) is None
