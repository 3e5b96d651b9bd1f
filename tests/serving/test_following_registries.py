"""Following real registries through real releases, outages and a database that was put back."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from life import crown
from sqlalchemy.engine import make_url

from nli_lifecycle.lifecycle.moves import freeze, rollback
from nli_lifecycle.lifecycle.registry import MlflowRegistry
from nli_lifecycle.lifecycle.registry.head import RegistryHead

pytest_plugins = ["ready_registries", "servers", "serving_followers"]

MODEL = "prod.nli.classifier"


@pytest.fixture(autouse=True)
def _connections_as_in_the_service(monkeypatch):
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")


class SqliteFile:
    def __init__(self, address: str) -> None:
        self.address = address
        self._file = Path(address.removeprefix("sqlite:///"))

    def goes_away(self) -> None:
        self._file.rename(f"{self._file}.away")

    def comes_back(self) -> None:
        os.rename(f"{self._file}.away", self._file)

    def keep_copy(self) -> None:
        shutil.copy(self._file, f"{self._file}.copy")

    def put_copy_back(self) -> None:
        os.replace(f"{self._file}.copy", self._file)


class PostgresqlDatabase:
    def __init__(self, address: str) -> None:
        self.address = address
        self._url = make_url(address)
        self._name = self._url.database

    def goes_away(self) -> None:
        self._say(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS false')
        self._end_connections()

    def comes_back(self) -> None:
        self._say(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS true')

    def keep_copy(self) -> None:
        self._end_connections()
        self._say(f'CREATE DATABASE "{self._name}copy" TEMPLATE "{self._name}"')

    def put_copy_back(self) -> None:
        self._end_connections()
        self._say(f'DROP DATABASE "{self._name}"')
        self._say(f'ALTER DATABASE "{self._name}copy" RENAME TO "{self._name}"')

    def _end_connections(self) -> None:
        self._say(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{self._name}'"
        )

    def _say(self, text: str) -> None:
        url = self._url
        where = {"host": url.host, "port": url.port, "user": url.username, "dbname": "postgres"}
        with closing(psycopg2.connect(**where)) as connection:
            connection.autocommit = True
            connection.cursor().execute(text)


@pytest.fixture(params=["store", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request):
    address = request.getfixturevalue(request.param)
    return SqliteFile(address) if request.param == "store" else PostgresqlDatabase(address)


@pytest.fixture
def prod(database, tmp_path):
    registry = MlflowRegistry(
        MODEL,
        environment="prod",
        experiment="nli-prod",
        artifact_root=str(tmp_path / "artifacts"),
        downloads=tmp_path / "downloads",
        tracking_uri=database.address,
    )
    registry.actor = "somebody"
    return registry


@pytest.fixture
def reader(database):
    return RegistryHead(MODEL, environment="prod", tracking_uri=database.address)


def served(following):
    release = following.served.release
    return release.version, release.epoch


def test_releases_a_rollback_and_an_outage(prod, reader, database, follow, bundles):
    following = follow(reader=reader, with_candidate=True)
    one, two = (prod.register(bundle, {}) for bundle in bundles[:2])
    following.look()
    assert following.served is None and following.standing().reachable
    crown(prod, one)
    following.look()
    assert served(following) == ("1", 1) and following.candidate.release.version == "2"
    crown(prod, two)
    following.look()
    assert served(following) == ("2", 2) and following.candidate is None
    freeze(prod, "holidays")
    rollback(prod, "complaints")
    following.look()
    assert served(following) == ("1", 4)

    database.goes_away()
    following.look()
    assert served(following) == ("1", 4)
    assert following.standing().reachable is False and following.standing().alert
    following.close()
    again = follow(reader=RegistryHead(MODEL, environment="prod", tracking_uri=database.address))
    again.look()
    assert served(again) == ("1", 4) and again.standing().looked is None
    database.comes_back()
    again.look()
    assert again.standing().reachable and again.standing().alert is None


def test_a_database_that_was_put_back_is_refused_until_it_went_on(
    prod, reader, database, follow, bundles
):
    following = follow(reader=reader)
    one, two = (prod.register(bundle, {}) for bundle in bundles[:2])
    crown(prod, one)
    database.keep_copy()
    crown(prod, two)
    following.look()
    assert served(following) == ("2", 2)
    database.put_copy_back()
    following.look()
    assert served(following) == ("2", 2)
    assert "at epoch 1 (version 1), but epoch 2 (version 2)" in following.standing().alert
    freeze(prod, "what happened?")  # epoch 2 again, of another champion
    following.look()
    assert served(following) == ("2", 2) and "stale copy" in following.standing().alert
    crown(prod, one)
    following.look()
    assert served(following) == ("1", 3) and following.standing().alert is None


def test_a_version_that_was_damaged_in_the_store(prod, reader, follow, bundles, tmp_path):
    following = follow(reader=reader)
    crown(prod, prod.register(bundles[0], {}))
    following.look()
    two = prod.register(bundles[1], {})
    for model in (tmp_path / "artifacts").rglob("artifacts/bundle/model.onnx"):
        model.write_bytes(model.read_bytes() + b"x")
    crown(prod, two)
    following.look()
    assert served(following) == ("1", 1)
    assert "version 1 goes on answering" in following.standing().alert
    assert "is damaged in the store" in following.standing().alert
    prod.delete(two)
    following.look(forced=True)
    assert "was deleted" in following.standing().alert
    assert served(following) == ("1", 1)
