"""The registry as the service sees it, over real releases; and that looking changes nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy
from life import POLICY, crown, promote, submit
from mlflow import MlflowClient
from sqlalchemy import make_url, text

from nli_lifecycle.lifecycle.ledger.entry import Held
from nli_lifecycle.lifecycle.ledger.protocol import append, bootstrap, read
from nli_lifecycle.lifecycle.moves import freeze, rollback
from nli_lifecycle.lifecycle.registry import MlflowRegistry
from nli_lifecycle.lifecycle.registry.head import RegistryHead
from nli_lifecycle.lifecycle.registry.stores import check_readable, without_login
from nli_lifecycle.lifecycle.versions import RegistryError
from nli_lifecycle.nli.bundle import PAYLOAD, open_bundle
from nli_lifecycle.serving.head import BadRelease, HeadUnavailable, Release

pytest_plugins = ["ready_registries", "servers"]

MODEL = "prod.nli.classifier"


@pytest.fixture
def prod(mlflow_registry):
    return mlflow_registry("prod")


@pytest.fixture
def head(store: str) -> RegistryHead:
    return RegistryHead(MODEL, environment="prod", tracking_uri=store)


def test_the_head_of_a_life(prod, head, tmp_path):
    assert head.champion() is None and head.candidate() is None
    one = submit(prod, tmp_path, "one")
    assert head.champion() is None
    assert head.candidate() == Release(MODEL, "1", one.digest, 0)
    promote(prod)
    assert head.champion() == Release(MODEL, "1", one.digest, 1)
    two = submit(prod, tmp_path, "two")
    assert head.candidate() == Release(MODEL, "2", two.digest, 1)
    promote(prod)
    assert head.champion() == Release(MODEL, "2", two.digest, 2)
    freeze(prod, "holidays")
    assert head.champion() == Release(MODEL, "2", two.digest, 3)
    rollback(prod, "complaints")
    assert head.champion() == Release(MODEL, "1", one.digest, 4)


def test_an_alias_that_somebody_moved_is_not_believed(prod, head, tmp_path):
    one, two = submit(prod, tmp_path, "one"), submit(prod, tmp_path, "two")
    crown(prod, one)
    prod.point("champion", two)
    assert head.champion().version == "1"
    prod.client.delete_registered_model_alias(MODEL, "champion")
    assert head.champion().version == "1"


def test_bytes_come_whole_and_verified(prod, head, tmp_path):
    crown(prod, submit(prod, tmp_path, "one"))
    folder = tmp_path / "cache" / "here"
    head.fetch(head.champion(), folder)
    assert open_bundle(folder).digest == head.champion().digest
    assert [path.name for path in folder.parent.iterdir()] == ["here"]


def test_damaged_bytes_leave_nothing_behind(prod, head, tmp_path):
    crown(prod, submit(prod, tmp_path, "one"))
    (model,) = (tmp_path / "artifacts").rglob(f"{PAYLOAD}/model.onnx")
    model.write_text("other")
    folder = tmp_path / "cache" / "here"
    with pytest.raises(BadRelease, match="version 1 .* is damaged in the store: .*model.onnx"):
        head.fetch(head.champion(), folder)
    assert list(folder.parent.iterdir()) == []


def test_other_bytes_than_the_digests_are_refused(prod, head, tmp_path):
    one = crown(prod, submit(prod, tmp_path, "one"))
    two = submit(prod, tmp_path, "two")
    source = Path(prod.client.get_model_version_download_uri(MODEL, "1"))
    shutil.rmtree(source)
    shutil.copytree(tmp_path / "two", source)
    with pytest.raises(BadRelease, match=f"holds other bytes than .* {two.digest}"):
        head.fetch(Release(MODEL, "1", one.digest, 1), tmp_path / "here")


def test_bytes_that_are_gone_may_come_back(prod, head, tmp_path):
    crown(prod, submit(prod, tmp_path, "one"))
    shutil.rmtree(tmp_path / "artifacts")
    with pytest.raises(HeadUnavailable):
        head.fetch(head.champion(), tmp_path / "here")


def test_a_deleted_version_is_named_and_found_again_under_another_number(prod, head, tmp_path):
    one = crown(prod, submit(prod, tmp_path, "one"))
    prod.delete(one)
    release = head.champion()
    assert release.version == "1"
    with pytest.raises(BadRelease, match="version 1 .* was deleted. .*reconcile --env prod"):
        head.fetch(release, tmp_path / "here")
    prod.revive(one.digest)
    again = head.champion()
    assert (again.version, again.digest) == ("2", one.digest)
    head.fetch(release, tmp_path / "here")
    assert open_bundle(tmp_path / "here").digest == one.digest


def test_a_deleted_ledger_is_no_empty_one(prod, head, tmp_path):
    crown(prod, submit(prod, tmp_path, "one"))
    experiment = prod.client.get_experiment_by_name(prod.ledger.experiment)
    prod.client.delete_experiment(experiment.experiment_id)
    with pytest.raises(HeadUnavailable, match="was deleted. Restore it"):
        head.champion()
    with pytest.raises(HeadUnavailable, match="was deleted. Restore it"):
        head.lifecycle()


def test_a_ledger_gone_for_ever_is_no_empty_one_either(prod, head, store, tmp_path):
    crown(prod, submit(prod, tmp_path, "one"))
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM experiment_tags WHERE key = 'ledger_run_id'")
        name = prod.ledger.experiment
        database.execute("DELETE FROM experiments WHERE name = ?", (name,))
    with pytest.raises(HeadUnavailable, match="has a champion and no ledger"):
        head.champion()


def test_an_altered_ledger_is_refused(prod, head, store, tmp_path):
    crown(prod, submit(prod, tmp_path, "one"))
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute('UPDATE params SET value = replace(value, \'"v":"1"\', \'"v":"2"\')')
    with pytest.raises(HeadUnavailable, match="Entry 1 .* differs from its mirror"):
        head.champion()


def test_a_missing_sqlite_file_is_not_made(tmp_path):
    file = tmp_path / "folder" / "mlflow.db"
    head = RegistryHead(MODEL, environment="prod", tracking_uri=f"sqlite:///{file}")
    with pytest.raises(HeadUnavailable, match=f"There is no registry at {file}"):
        head.champion()
    assert not file.parent.exists()


def test_a_sqlite_file_that_goes_away_is_not_made_again(prod, head, store, tmp_path):
    crown(prod, submit(prod, tmp_path, "one"))
    assert head.champion().epoch == 1
    file = Path(store.removeprefix("sqlite:///"))
    file.rename(tmp_path / "away.db")
    with pytest.raises(HeadUnavailable, match="There is no registry at"):
        head.champion()
    assert not file.exists()
    (tmp_path / "away.db").rename(file)
    assert head.champion().epoch == 1


def test_a_database_without_tables_is_left_without(tmp_path):
    file = tmp_path / "empty.db"
    sqlite3.connect(file).close()
    file.touch()
    head = RegistryHead(MODEL, environment="prod", tracking_uri=f"sqlite:///{file}")
    with pytest.raises(HeadUnavailable, match="holds no MLflow registry"):
        head.champion()
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT * FROM sqlite_master").fetchall() == []


def test_what_is_no_database_says_so(tmp_path):
    file = tmp_path / "text.db"
    file.write_text("no database, but long enough to be taken for one " * 100)
    with pytest.raises(RegistryError, match="cannot be reached: file is not a database"):
        check_readable(f"sqlite:///{file}")


def test_looking_changes_nothing(prod, head, store, tmp_path):
    """Not even where an alias was moved by hand, which every run would set right."""
    crown(prod, submit(prod, tmp_path, "one"))
    prod.point("champion", submit(prod, tmp_path, "two"))
    before = _dump(store)
    head.champion(), head.candidate(), head.lifecycle()
    head.fetch(head.champion(), tmp_path / "here")
    assert _dump(store) == before


def test_the_lifecycle_of_all_environments(mlflow_registry, head, store, tmp_path):
    dev, prod = mlflow_registry("dev"), mlflow_registry("prod")
    for registry in (dev, prod):
        submit(registry, tmp_path / registry.environment, "one")
        promote(registry)
    two = submit(prod, tmp_path / "prod", "two")
    promote(prod)
    freeze(prod, "holidays")
    upstream = RegistryHead("dev.nli.classifier", environment="dev", tracking_uri=store)
    away = RegistryHead("x.nli.classifier", environment="x", tracking_uri="sqlite:////no/x.db")
    whole = RegistryHead(
        MODEL, environment="prod", tracking_uri=store, upstream=[away, upstream]
    ).lifecycle()
    json.dumps(whole)
    first, second = whole["environments"]
    assert (first["environment"], first["model"]) == ("dev", "dev.nli.classifier")
    assert second["environment"] == "prod"
    champion = second["champion"]
    assert (champion["version"], champion["digest"], champion["epoch"]) == ("2", two.digest, 2)
    assert second["previous"]["version"] == "1"
    assert second["candidate"] is None or second["candidate"]["digest"] == two.digest
    assert second["frozen"].startswith("somebody on 20") and second["frozen"].endswith(": holidays")
    assert [entry["kind"] for entry in second["decisions"]] == ["freeze", "promote", "promote"]
    newest = second["decisions"][1]
    assert (newest["version"], newest["digest"]) == ("2", two.digest)
    assert newest["actor"] == "somebody" and newest["report"] is None
    assert newest["time"] == champion["since"]


def test_at_most_ten_decisions(prod, head, tmp_path):
    held = [Held.of(submit(prod, tmp_path, name)) for name in ("one", "two")]
    bootstrap(prod.ledger, "a test")
    for number in range(12):
        seen = read(prod.ledger).history
        append(prod.ledger, seen, "promote", champion=held[number % 2], actor=str(number))
    (found,) = head.lifecycle()["environments"]
    actors = [entry["actor"] for entry in found["decisions"]]
    assert actors == [str(number) for number in range(11, 1, -1)]
    assert found["champion"]["epoch"] == 12


def test_an_environment_where_nothing_was_released(head):
    (found,) = head.lifecycle()["environments"]
    assert found["champion"] is None and found["decisions"] == [] and found["frozen"] is None


@pytest.mark.parametrize(
    "uri, shown",
    [
        ("postgresql://me:secret@host:5432/db?password=x", "postgresql://host:5432/db"),
        ("http://host:5000/path", "http://host:5000/path"),
        ("https://me:secret@host/", "https://host/"),
    ],
)
def test_no_login_is_shown(uri, shown):
    assert without_login(uri) == shown


def test_a_dead_database_is_not_tried_for_minutes(monkeypatch):
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    uri = "postgresql+psycopg2://me:secret@127.0.0.1:1/db"
    head = RegistryHead(MODEL, environment="prod", tracking_uri=uri)
    begun = time.monotonic()
    with pytest.raises(HeadUnavailable, match="cannot be reached: .*refused") as caught:
        head.champion()
    assert time.monotonic() - begun < 45
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_on_postgresql(postgresql, tmp_path):
    registry = MlflowRegistry(
        MODEL,
        environment="prod",
        experiment="nli-prod",
        artifact_root=str(tmp_path / "artifacts"),
        downloads=tmp_path / "downloads",
        tracking_uri=postgresql,
    )
    head = RegistryHead(MODEL, environment="prod", tracking_uri=postgresql)
    assert head.champion() is None
    one = submit(registry, tmp_path, "one")
    promote(registry)
    submit(registry, tmp_path, "two")
    promote(registry)
    rollback(registry, "complaints")
    assert head.champion() == Release(MODEL, "1", one.digest, 3)
    head.fetch(head.champion(), tmp_path / "here")
    assert open_bundle(tmp_path / "here").digest == one.digest
    assert head.lifecycle()["environments"][0]["champion"]["version"] == "1"


@pytest.mark.slow
def test_a_user_who_may_only_read_will_do(postgresql, tmp_path):
    registry = MlflowRegistry(
        MODEL,
        environment="prod",
        experiment="nli-prod",
        artifact_root=str(tmp_path / "artifacts"),
        downloads=tmp_path / "downloads",
        tracking_uri=postgresql,
    )
    one = crown(registry, submit(registry, tmp_path, "one"))
    url = make_url(postgresql)
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE looking LOGIN"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looking"))
    engine.dispose()
    looking = url.set(username="looking").render_as_string(hide_password=False)
    head = RegistryHead(MODEL, environment="prod", tracking_uri=looking)
    assert head.champion() == Release(MODEL, "1", one.digest, 1)
    head.fetch(head.champion(), tmp_path / "here")
    assert head.lifecycle()["environments"][0]["champion"]["version"] == "1"


@pytest.mark.slow
def test_on_a_server_decisions_link_to_their_reports(server, tmp_path):
    registry = MlflowRegistry(
        "linked.nli.classifier",
        environment="linked",
        experiment="nli-linked",
        downloads=tmp_path / "downloads",
        tracking_uri=server,
    )
    client = MlflowClient(server)
    experiment = client.create_experiment("linked")
    run = client.create_run(experiment).info.run_id
    submit(registry, tmp_path, "one")
    promote(registry, POLICY, run=run)
    address = server.replace("://", "://me:secret@")
    head = RegistryHead("linked.nli.classifier", environment="linked", tracking_uri=address)
    head.fetch(head.champion(), tmp_path / "here")
    (found,) = head.lifecycle()["environments"]
    assert found["decisions"][0]["report"] == (
        f"{server}/#/experiments/{experiment}/runs/{run}/artifacts/decision/decision.html"
    )


def _dump(store: str) -> list[str]:
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        return list(database.iterdump())
