"""The whole of dev in one session after the other: train, evaluate, release, and again."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from typing import Any

import mlflow
import pytest
from project import PROJECT
from tiny_dev import Dev, write_pairs


#: Tags that kedro-mlflow makes of how Kedro was called.
KEDRO_MLFLOW = {"env", "pipeline_names", "project_path", "runner", "runtime_params"}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Dev:
    return Dev(tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True)
def _at_home(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NLI_HOME", str(dev.home))
    yield
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


@pytest.fixture(scope="module")
def runs(dev: Dev) -> list[dict[str, Any]]:
    """Three runs: new data, the same again, and the same data with one epoch of hardly a step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLI_HOME", str(dev.home))
        source = write_pairs(dev.home / "pairs.tsv", 1_500, seed=1)
        return [
            dev.run(source),
            dev.run(source),
            dev.run(source, epochs=1, learning_rate=1e-9),
        ]


def test_first_run_promotes_and_its_summary_adds_up(runs: list[dict[str, Any]]) -> None:
    first = runs[0]
    assert first["rows_read"] == 1_500 == first["rows_kept"] + first["rows_quarantined"]
    assert first["environment"] == "dev" and first["experiment"] == "nli-dev"
    assert first["accuracy"] > 0.9 and first["macro_f1"] > 0.9
    # The label stands in the hypothesis, and the data report says so.
    assert first["hypothesis_only_accuracy"] > 0.9
    assert first["decision"] == "promote" and first["version"] == "1"
    assert first["model"] == "dev.nli.classifier" and len(first["digest"]) == 64
    assert set(first["seconds"]) == {"data_engineering", "training", "evaluation", "promotion"}


def test_same_data_again_is_unchanged_and_trains_nothing(runs: list[dict[str, Any]]) -> None:
    first, again, _ = runs
    assert again["decision"] == "unchanged"
    assert (again["version"], again["digest"]) == (first["version"], first["digest"])
    assert again["run_id"] != first["run_id"]
    assert again["seconds"]["training"] < first["seconds"]["training"] / 2


def test_a_worse_candidate_is_rejected_and_stays_registered(
    runs: list[dict[str, Any]], dev: Dev
) -> None:
    worse = runs[2]
    assert worse["decision"] == "reject" and worse["version"] == "2"
    assert any(reason.startswith("FAIL") for reason in worse["reasons"])
    tags = dev.client.get_model_version("dev.nli.classifier", "2").tags
    assert tags["decision"] == "reject" and tags["decision_reasons"]
    aliases = dev.client.get_registered_model("dev.nli.classifier").aliases
    assert {alias: int(version) for alias, version in aliases.items()} == {
        "candidate": 2,
        "champion": 1,
    }


def test_versions_say_where_they_come_from(runs: list[dict[str, Any]], dev: Dev) -> None:
    tags = dev.client.get_model_version("dev.nli.classifier", "1").tags
    assert tags["run_id"] == runs[0]["run_id"] and tags["digest"] == runs[0]["digest"]
    assert tags["environment"] == "dev"
    for name in ("data_version", "code_version", "config_hash", "training_key"):
        assert tags[name], name


def test_the_run_holds_parameters_metrics_artifacts_and_curves(
    runs: list[dict[str, Any]], dev: Dev
) -> None:
    run = dev.client.get_run(runs[0]["run_id"])
    assert run.info.status == "FINISHED"
    made = dev.client.get_model_version("dev.nli.classifier", "1").tags
    for name in ("data_version", "training_key", "digest"):
        assert run.data.tags[name] == made[name], name
    assert run.data.params["training.epochs"] == "3" and run.data.params["source"] == "tsv"
    assert run.data.metrics["accuracy"] == pytest.approx(runs[0]["accuracy"])
    folders = {item.path for item in dev.client.list_artifacts(run.info.run_id)}
    assert {"data", "evaluation", "decision"} <= folders
    (child,) = dev.client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    )
    curve = dev.client.get_metric_history(child.info.run_id, "validation/macro_f1")
    assert len(curve) == 3


def test_every_tag_of_runs_versions_and_experiments_is_documented(
    runs: list[dict[str, Any]], dev: Dev
) -> None:
    page = (PROJECT / "docs" / "reference" / "mlflow_tags.md").read_text()
    documented = re.findall(r"^\| `([a-z0-9_]+\*?)` \|", page, flags=re.M)
    experiments = dev.client.search_experiments()
    everywhere = dev.client.search_runs([one.experiment_id for one in experiments])
    versions = dev.client.search_model_versions("name = 'dev.nli.classifier'")
    found = {tag for one in (*experiments, *versions) for tag in one.tags}
    found |= {tag for run in everywhere for tag in run.data.tags}
    ours = {tag for tag in found if not tag.startswith(("mlflow.", "kedro_"))} - KEDRO_MLFLOW
    assert len(ours) > 25
    unknown = {tag for tag in ours if not any(fnmatch(tag, name) for name in documented)}
    assert unknown == set(), "add them to docs/reference/mlflow_tags.md"


def test_the_champion_loads_as_a_pyfunc_and_answers(runs: list[dict[str, Any]], dev: Dev) -> None:
    mlflow.set_tracking_uri(dev.store)
    model = mlflow.pyfunc.load_model("models:/dev.nli.classifier@champion")
    answer = model.predict([{"premise": "a dog is 7", "hypothesis": "the 7 sings"}])
    assert answer["label"].tolist() == ["contradiction"]
    assert answer[["p_entailment", "p_neutral", "p_contradiction"]].sum(axis=1)[0] == pytest.approx(
        1
    )


@pytest.mark.slow
def test_training_goes_on_from_the_champion_and_is_reused_while_that_stays(
    runs: list[dict[str, Any]], dev: Dev
) -> None:
    source, only = dev.home / "pairs.tsv", ["data_engineering", "training"]
    for _ in range(2):
        dev.run(source, only, start_from="champion", epochs=1)
    versions = dev.client.search_model_versions("name = 'dev.nli.classifier'")
    assert max(int(version.version) for version in versions) == 3
    tags = dev.client.get_model_version("dev.nli.classifier", "3").tags
    trained = dev.home / "data/dev/06_models" / tags["training_key"]
    facts = json.loads((trained / "bundle/artifacts/training/training.json").read_text())
    assert facts["continues"] == runs[0]["digest"]
    record = json.loads((trained / "checkpoint/training.json").read_text())
    assert record["best_accuracy"] > 0.9  # after one epoch, from where the champion stopped
