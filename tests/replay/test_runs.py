"""Runs as a tracking store has them: found, a child's parent, deleted, damaged, not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from recorded import record

from nli_lifecycle.lineage import RowsDataset
from nli_lifecycle.replay.record import RECORD
from nli_lifecycle.replay.runs import RunError, find_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("store")
    uri = f"sqlite:///{folder}/mlflow.db"
    MlflowClient(uri).create_experiment("nli-dev", artifact_location=f"{folder}/artifacts")
    return uri


@pytest.fixture
def client(store: str) -> MlflowClient:
    return MlflowClient(store)


def start(client: MlflowClient, **tags: str) -> str:
    experiment = client.get_experiment_by_name("nli-dev")
    return str(client.create_run(experiment.experiment_id, tags=tags).info.run_id)


def test_an_unknown_run_names_the_stores_that_were_asked(store: str, tmp_path: Path) -> None:
    absent = f"sqlite:///{tmp_path}/absent.db"
    with pytest.raises(RunError) as caught:
        find_run("f" * 32, {store: ["dev", "staging"], absent: ["prod"]})
    assert f"{store} (dev, staging); {absent} (prod)" in str(caught.value)
    assert not (tmp_path / "absent.db").exists()


def test_a_text_that_is_no_id_is_just_as_unknown(store: str) -> None:
    with pytest.raises(RunError, match="No run ../x"):
        find_run("../x", {store: ["dev"]})


def test_a_deleted_run_can_be_restored(client: MlflowClient, store: str) -> None:
    run_id = start(client)
    client.delete_run(run_id)
    with pytest.raises(RunError, match=f"Run {run_id} was deleted. Restore it: .*{run_id}"):
        find_run(run_id, {store: ["dev"]})


def test_a_child_stands_for_its_parent(client: MlflowClient, store: str) -> None:
    parent = start(client)
    child = start(client, **{"mlflow.parentRunId": parent})
    found = find_run(child, {store: ["dev"]})
    assert (found.run_id, found.asked, found.record) == (parent, child, None)
    orphan = start(client, **{"mlflow.parentRunId": "0" * 32})
    with pytest.raises(RunError, match="is part of run 0{32}, which is gone"):
        find_run(orphan, {store: ["dev"]})


@pytest.mark.parametrize(
    "text, why", [({"environment": "dev"}, "Field required"), ([], "should be an object")]
)
def test_a_damaged_record_is_said(client: MlflowClient, store: str, text: Any, why: str) -> None:
    run_id = start(client)
    client.log_text(run_id, json.dumps(text), RECORD)
    with pytest.raises(RunError, match=f"{RECORD} of run {run_id} is damaged .*{why}"):
        find_run(run_id, {store: ["dev"]})


def test_a_run_comes_back_with_its_record_and_its_rows(client: MlflowClient, store: str) -> None:
    run_id = start(client, environment="dev")
    client.log_dict(run_id, record().model_dump(mode="json"), RECORD)
    mlflow.set_tracking_uri(store)
    try:
        with mlflow.start_run(run_id=run_id):
            facts = {"version": "10 bytes, 5 ns", "content": "c0"}
            rows = RowsDataset(name="csv: a", digest="d", origin="/raw/a", rows=3, facts=facts)
            mlflow.log_input(rows, context="raw")
            mlflow.log_input(mlflow.data.from_numpy(np.zeros(3)), context="other")
    finally:
        mlflow.set_tracking_uri(None)
    found = find_run(run_id, {store: ["dev"]})
    assert found.record == record() and found.status == "FINISHED"
    own, other = sorted(found.used, key=lambda used: used.context, reverse=True)
    assert (own.name, own.origin, own.rows, own.stamp, own.content) == (
        *("csv: a", "/raw/a", 3, "10 bytes, 5 ns", "c0"),
    )
    assert (other.origin, other.stamp, other.context) == ("", "", "other")
