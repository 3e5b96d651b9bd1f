"""Trials in MLflow: how each ended is told by its run, also where several were open at once."""

from __future__ import annotations

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from tuning_run import TRAINING

from nli_lifecycle.nli.tuning.trial import Job, Outcome
from nli_lifecycle.pipelines.tuning.trial_runs import TrialRuns

pytest_plugins = ["ready_registries"]


def children(store: str, parent: Run) -> dict[str, Run]:
    found = MlflowClient(store).search_runs([parent.info.experiment_id])
    return {run.info.run_name: run for run in found if run.info.run_id != parent.info.run_id}


def test_runs_open_side_by_side_end_as_their_trials_did(store: str) -> None:
    mlflow.set_tracking_uri(store)
    with mlflow.start_run(run_name="parent", experiment_id="0") as parent:
        with TrialRuns({"tuning_study": "s1"}) as runs:
            for number in range(5):
                assert runs.begin(Job(number, TRAINING))
            runs.log(1, {"validation/macro_f1": 0.5}, 10)
            runs.log(0, {"validation/macro_f1": 0.7}, 10)
            runs.end(Outcome(0, "complete", 0.7))
            runs.end(Outcome(1, "pruned"))
            runs.end(Outcome(2, "failed", error="FloatingPointError: nan"))
            runs.end(Outcome(3, "died", error="exit code -9"))
        assert mlflow.active_run().info.run_id == parent.info.run_id
    found = children(store, parent)
    assert {
        name: (run.info.status, run.data.tags["trial_state"]) for name, run in found.items()
    } == {
        "trial 0": ("FINISHED", "complete"),
        "trial 1": ("FINISHED", "pruned"),
        "trial 2": ("FAILED", "failed"),
        "trial 3": ("KILLED", "died"),
        "trial 4": ("KILLED", "died"),  # open when the sweep was interrupted
    }
    assert found["trial 0"].data.metrics == {
        "validation/macro_f1": 0.7,
        "best_validation/macro_f1": 0.7,
    }
    assert found["trial 1"].data.metrics == {"validation/macro_f1": 0.5}
    assert found["trial 2"].data.tags["trial_error"] == "FloatingPointError: nan"
    assert found["trial 0"].data.params["learning_rate"] == "0.003"
    assert {run.data.tags["mlflow.parentRunId"] for run in found.values()} == {parent.info.run_id}


def test_a_record_of_another_store_stops_nobody(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    mlflow.set_tracking_uri(store)
    with mlflow.start_run(experiment_id="0"), TrialRuns({}) as runs:
        runs.close("0" * 32)
    assert "stays open" in caplog.text


def test_without_tracking_nothing_is_logged() -> None:
    with TrialRuns({}) as runs:
        assert runs.begin(Job(0, TRAINING)) is None
        runs.log(0, {"loss": 1.0}, 1)
        runs.end(Outcome(0, "complete", 0.5))
        runs.close("0" * 32)
