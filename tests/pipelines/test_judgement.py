"""The project's own configuration, judging ready-made models through all three environments."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from kedro.framework.startup import bootstrap_project
from sealed_folder import answering_bundle

from nli_lifecycle.datasets.table import TableDataset
from nli_lifecycle.lifecycle.approval import approve
from nli_lifecycle.lifecycle.audit import verify
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.overview import status
from nli_lifecycle.lifecycle.registry import MlflowRegistry
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.session import NliSession

PROJECT = Path(__file__).parents[2]
ROWS = 3_000


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A fresh home for data and store, with evaluation pairs in every environment."""
    home = tmp_path_factory.mktemp("home")
    labels = [LABELS[row % 3] for row in range(ROWS)]
    pairs = pd.DataFrame(
        {
            "pair_id": [f"p{row}" for row in range(ROWS)],
            "premise": [f"Dog {row} runs." for row in range(ROWS)],
            "hypothesis": [f"{label} number {row}" for row, label in enumerate(labels)],
            "label": labels,
            "genre": "",
            "fingerprint": [f"{row:032x}" for row in range(ROWS)],
        }
    )
    for environment in ("dev", "staging", "prod"):
        folder = home / "data" / environment / "03_primary"
        folder.mkdir(parents=True)
        TableDataset(filepath=str(folder / "test_pairs")).save(pairs)
    return home


@pytest.fixture(autouse=True)
def _here(home, monkeypatch):
    monkeypatch.setenv("NLI_HOME", str(home))
    yield
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


def run(environment: str, *pipelines: str, **parameters: str) -> None:
    bootstrap_project(PROJECT)
    with NliSession.create(PROJECT, env=environment, runtime_params=parameters) as session:
        session.run(pipeline_names=list(pipelines))


def registry(home: Path, environment: str) -> MlflowRegistry:
    return MlflowRegistry(
        f"{environment}.nli.classifier",
        environment=environment,
        experiment=f"nli-{environment}",
        artifact_root=str(home / "mlruns" / environment),
        downloads=home / "downloads",
        tracking_uri=f"sqlite:///{home}/mlruns/mlflow.db",
    )


def train(
    home: Path, name: str, wrong_every: int, trained_on: pd.DataFrame | None = None
) -> ModelRef:
    """Stand in for training: register a model in dev and leave its reference."""
    bundle = answering_bundle(home / name, wrong_every, trained_on)
    (home / "mlruns").mkdir(exist_ok=True)
    candidate = registry(home, "dev").register(bundle, {"data_version": "d1"})
    path = home / "data" / "dev" / "06_models" / "candidate.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(candidate.model_dump_json())
    return candidate


def decision(home: Path, environment: str) -> dict[str, object]:
    return json.loads((home / "data" / environment / "08_reporting/decision.json").read_text())


def test_from_a_first_champion_to_a_held_one_in_prod(home):
    first = train(home, "first", wrong_every=10)
    run("dev", "evaluation", "promotion")
    assert decision(home, "dev")["outcome"] == "promote"
    assert registry(home, "dev").alias("champion") == first

    run("staging", "intake", "evaluation", "promotion")
    assert decision(home, "staging")["outcome"] == "promote"
    taken_in = registry(home, "staging").alias("champion")
    assert taken_in.digest == first.digest

    run("prod", "intake", "evaluation", "promotion")
    assert decision(home, "prod")["outcome"] == "hold"
    waiting = registry(home, "prod").alias("candidate")
    assert waiting.digest == first.digest
    assert registry(home, "prod").alias("champion") is None
    assert "approval" in registry(home, "prod").tags(waiting)["decision_reasons"]


def test_every_run_left_its_documents_and_figures_in_mlflow(home):
    client = mlflow.MlflowClient(f"sqlite:///{home}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("nli-staging")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.metrics["accuracy"] == pytest.approx(0.9)
    assert found.data.metrics["evaluation_rows"] == ROWS
    assert found.data.params["policy.minimums.accuracy"] == "0.7"
    names = {
        item.path
        for folder in ("evaluation", "decision")
        for item in client.list_artifacts(found.info.run_id, folder)
    }
    plots = "metrics differences classes confusion reliability coverage slices stress".split()
    assert names == {
        "evaluation/evidence.json",
        "evaluation/exhibits.json",
        "evaluation/monitoring_reference.json",
        *(f"evaluation/{plot}_plot.json" for plot in plots),
        "decision/decision.json",
        "decision/decision.md",
        "decision/decision.html",
        "decision/model_card.md",
        "decision/release_record.json",
    }
    assert found.data.metrics["evaluation_judged"] == 1
    assert found.data.metrics["overlap_exact"] == 0


def test_a_decision_can_be_made_where_the_data_is_not(home):
    waiting = registry(home, "prod").alias("candidate")
    evidence = registry(home, "prod").tags(waiting)["evidence_hash"]
    before = decision(home, "prod")
    data = home / "data" / "prod"
    data.rename(home / "elsewhere")
    try:
        with pytest.raises(Exception, match="--params evidence=<its hash>"):
            run("prod", "promotion")
        run("prod", "promotion", evidence=evidence)
        assert decision(home, "prod") == before
        assert "Hold" in (data / "08_reporting" / "decision.html").read_text()
    finally:
        shutil.rmtree(data, ignore_errors=True)
        (home / "elsewhere").rename(data)


def test_the_same_bytes_again_are_unchanged(home):
    run("dev", "evaluation", "promotion")
    assert decision(home, "dev")["outcome"] == "unchanged"
    assert registry(home, "dev").alias("champion").version == "1"


def test_a_worse_candidate_is_rejected_and_a_better_one_promoted(home):
    train(home, "worse", wrong_every=6)
    run("dev", "evaluation", "promotion")
    assert decision(home, "dev")["outcome"] == "reject"
    assert registry(home, "dev").alias("champion").version == "1"

    better = train(home, "better", wrong_every=0)
    run("dev", "evaluation", "promotion")
    assert decision(home, "dev")["outcome"] == "promote"
    assert registry(home, "dev").alias("champion") == better
    assert registry(home, "dev").alias("previous").version == "1"


def test_a_candidate_that_was_trained_on_the_evaluation_pairs_is_rejected(home):
    pairs = TableDataset(filepath=str(home / "data/dev/03_primary/test_pairs")).load()
    champion = registry(home, "dev").alias("champion")
    train(home, "leaked", wrong_every=0, trained_on=pairs.head(30))
    run("dev", "evaluation", "promotion")
    judged = decision(home, "dev")
    assert judged["outcome"] == "reject"
    (failed,) = (rule for rule in judged["rules"] if rule["outcome"] == "FAIL")
    assert failed["rule"] == "unseen pairs"
    assert failed["sentence"].startswith("30 of 3,000 evaluation pairs (1.00%) are the same as")
    assert registry(home, "dev").alias("champion") == champion

    run("dev", "evaluation", "promotion", **{"evaluation": {"training_rows": "leave_out"}})
    evidence = json.loads((home / "data/dev/08_reporting/evidence.json").read_text())
    assert evidence["evaluation_set"]["rows"] == ROWS - 30
    assert evidence["evaluation_set"]["left_out"] == 30
    assert decision(home, "dev")["outcome"] == "promote"


def test_staging_keeps_its_champion_when_devs_models_are_gone(home):
    champion = registry(home, "staging").alias("champion")
    registry(home, "dev").client.delete_registered_model("dev.nli.classifier")
    shutil.rmtree(home / "mlruns" / "dev")
    assert registry(home, "staging").fetch(champion).digest == champion.digest
    with pytest.raises(Exception, match="dev.nli.classifier has no champion to take in"):
        run("staging", "intake", "evaluation", "promotion")
    assert registry(home, "staging").alias("champion") == champion


def test_an_approval_outlives_a_whole_new_run(home):
    """Evidence is the same when nothing changed, so that the approval still counts."""
    prod = registry(home, "prod")
    run("prod", "intake", "evaluation", "promotion")
    held = prod.alias("candidate")
    assert decision(home, "prod")["outcome"] == "hold"
    approve(prod, held.version, "read the report")
    run("prod", "intake", "evaluation", "promotion")
    assert decision(home, "prod")["outcome"] == "promote"
    assert prod.alias("champion") == held
    description = prod.client.get_model_version(prod.name, held.version).description
    assert description.startswith("**promote** in prod, against no champion. Accuracy 90.0%")
    assert "[Decision report and model card](#/experiments/" in description
    said = list(verify(prod))
    assert "Decision documents: 1 as the ledger says." in said
    assert status(prod)["champion"]["accuracy"] == pytest.approx(0.9)
