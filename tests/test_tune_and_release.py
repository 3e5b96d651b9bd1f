"""Tuning as people run it: the best of a study becomes champion, and later runs know it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient
from mlflow.entities import Run
from project import PROJECT
from test_train_and_release import write_pairs
from tiny_encoder import make_tiny_encoder
from tuning_run import one_thread

from nli_lifecycle.session import NliSession

pytestmark = pytest.mark.slow

BASE = {"encoder_sha256": None, "batch_size": 16, "max_length": 32, "device": "cpu"}
SPACE = {
    "learning_rate": {"low": 1e-3, "high": 5e-3, "log": True},
    "epochs": {"choices": [2, 3]},
    # Of conf/base, and not tuned here:
    **dict.fromkeys(("batch_size", "weight_decay", "warmup_share", "label_smoothing")),
}


class Home:
    """A home of its own for dev, and what `kedro run` would do in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = write_pairs(folder / "pairs.tsv", 800, seed=1)
        self.encoder = str(make_tiny_encoder(folder / "encoder"))

    def run(self, pipeline: str, training: dict[str, Any], trials: int) -> dict[str, Any]:
        bootstrap_project(PROJECT)
        chosen = {
            "source": "tsv",
            "source_path": str(self.source),
            "training": {**BASE, "encoder": self.encoder, **training},
            "tuning": {"trials": trials, "space": SPACE},
        }
        with (
            one_thread(),
            NliSession.create(PROJECT, env="dev", runtime_params=chosen) as session,
        ):
            session.run(pipeline_names=[pipeline])
        return dict(json.loads((self.reporting / "summary.json").read_text()))

    @property
    def reporting(self) -> Path:
        return self.folder / "data" / "dev" / "08_reporting"

    @property
    def client(self) -> MlflowClient:
        store = f"sqlite:///{self.folder}/mlruns/mlflow.db"
        return MlflowClient(store, store)

    def children(self, summary: dict[str, Any]) -> dict[str, Run]:
        run = self.client.get_run(summary["run_id"])
        query = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
        found = self.client.search_runs([run.info.experiment_id], query)
        return {child.info.run_name: child for child in found}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def runs(home: Home) -> Any:
    """Tuned; then trained with what tuning wrote; then tuned with a trial more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLI_HOME", str(home.folder))
        tuned = home.run("tune_and_release", {}, trials=2)
        report = json.loads((home.reporting / "tuning.json").read_text())
        written = yaml.safe_load((home.reporting / "best_parameters.yml").read_text())
        trained = home.run("train_and_release", written["training"], trials=2)
        more = home.run("tuning", written["training"], trials=3)
        yield {"tuned": tuned, "report": report, "trained": trained, "more": more}
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


def test_the_best_of_the_study_is_released_and_its_evidence_says_among_how_many(
    runs: dict[str, Any], home: Home
) -> None:
    tuned = runs["tuned"]
    assert tuned["decision"] == "promote" and tuned["tuning_trials"] == 2
    best = runs["report"]["best"]
    assert tuned["tuning"]["parameters"] == best["parameters"]
    assert tuned["tuning"]["macro_f1"] == best["score"]
    tags = home.client.get_model_version("dev.nli.classifier", "1").tags
    assert tags["tuning_trials"] == "3"  # the third run's word on the same bytes
    assert tags["tuning_study"] == runs["report"]["study"]


def test_trials_are_children_with_parameters_curve_and_state(
    runs: dict[str, Any], home: Home
) -> None:
    children = home.children(runs["tuned"])
    assert set(children) == {"trial 0", "trial 1", "training"}
    for trial in runs["report"]["trials"]:
        child = children[f"trial {trial['number']}"]
        assert child.info.run_id == trial["run"] and child.info.status == "FINISHED"
        assert child.data.tags["trial_state"] == "complete"
        assert child.data.params["learning_rate"] == str(trial["parameters"]["learning_rate"])
        curve = home.client.get_metric_history(child.info.run_id, "validation/macro_f1")
        assert [point.value for point in curve] == trial["curve"]
    parent = home.client.get_run(runs["tuned"]["run_id"]).data
    assert parent.params["best.epochs"] == str(runs["report"]["best"]["parameters"]["epochs"])
    assert parent.metrics["tuning_trials"] == 2
    filed = {item.path for item in home.client.list_artifacts(runs["tuned"]["run_id"], "tuning")}
    assert {Path(path).name for path in filed} == {
        "tuning.json",
        "best_parameters.yml",
        "tuning_history_plot.json",
        "tuning_parameters_plot.json",
        "tuning_curves_plot.json",
    }


def test_training_with_the_written_parameters_finds_the_model_again(
    runs: dict[str, Any], home: Home
) -> None:
    tuned, trained = runs["tuned"], runs["trained"]
    assert (trained["version"], trained["digest"]) == (tuned["version"], tuned["digest"])
    assert trained["decision"] == "unchanged" and trained["tuning_trials"] == 2
    assert home.children(trained) == {}  # nothing was trained


def test_a_further_trial_goes_on_with_the_study(runs: dict[str, Any], home: Home) -> None:
    more = json.loads((home.reporting / "tuning.json").read_text())
    assert more["study"] == runs["report"]["study"] and more["competed"] == 3
    assert more["trials"][:2] == runs["report"]["trials"]
    assert "trial 2" in home.children(runs["more"])
    assert {"trial 0", "trial 1"}.isdisjoint(home.children(runs["more"]))
