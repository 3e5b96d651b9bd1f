"""Child runs: opened once, gone on with after the process died, told apart from others'."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from nli_lifecycle.tracking import child_run, log_metrics


@pytest.fixture
def client(tmp_path: Path) -> Iterator[MlflowClient]:
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    yield MlflowClient()
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)


def _die_in_training(memory: Path) -> tuple[str, str]:
    """Leave a parent and its child RUNNING, as a killed process does; returns their ids."""
    parent = mlflow.start_run().info.run_id
    opened = child_run("training", {"training_key": "k"}, memory)
    log = opened.__enter__()
    log({"train/loss": 2.0}, 10)
    child = mlflow.active_run().info.run_id
    mlflow.tracking.fluent._active_run_stack.set([])
    return parent, child


def test_without_a_run_nothing_is_logged(tmp_path: Path) -> None:
    with child_run("training", {}, tmp_path / "run_id") as log:
        log({"train/loss": 1.0}, 1)
    log_metrics({"training/seconds": 1.0})
    assert not (tmp_path / "run_id").exists()


def test_the_child_of_a_dead_process_goes_on(client: MlflowClient, tmp_path: Path) -> None:
    memory = tmp_path / "work" / "run_id"
    dead, child = _die_in_training(memory)
    assert {client.get_run(run).info.status for run in (dead, child)} == {"RUNNING"}
    with mlflow.start_run() as parent:
        with child_run("training", {"training_key": "k"}, memory) as log:
            log({"train/loss": 1.0}, 20)
        assert mlflow.active_run().info.run_id == parent.info.run_id
    assert [m.value for m in client.get_metric_history(child, "train/loss")] == [2.0, 1.0]
    assert client.get_run(child).info.status == "FINISHED"
    assert client.get_run(child).data.tags["mlflow.parentRunId"] == dead
    assert client.get_run(parent.info.run_id).data.tags["training_run"] == child
    assert client.get_run(dead).info.status == "KILLED"
    assert len(client.search_runs(["0"])) == 3


@pytest.mark.parametrize("content", ["0123456789abcdef0123456789abcdef", ""])
def test_a_child_of_another_store_is_forgotten(
    content: str, client: MlflowClient, tmp_path: Path
) -> None:
    (tmp_path / "run_id").write_text(content)
    with mlflow.start_run(), child_run("training", {}, tmp_path / "run_id"):
        opened = mlflow.active_run().info.run_id
    assert (tmp_path / "run_id").read_text() == opened != content


def test_a_deleted_child_is_not_revived(client: MlflowClient, tmp_path: Path) -> None:
    _, child = _die_in_training(tmp_path / "run_id")
    client.delete_run(child)
    with mlflow.start_run(), child_run("training", {}, tmp_path / "run_id"):
        assert mlflow.active_run().info.run_id != child


def test_without_a_memory_each_is_another(client: MlflowClient) -> None:
    with mlflow.start_run():
        ids = set()
        for _ in range(2):
            with child_run("trial", {"number": "1"}):
                ids.add(mlflow.active_run().info.run_id)
    assert len(ids) == 2
