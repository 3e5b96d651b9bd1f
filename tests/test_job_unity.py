"""Wheel tasks from dev to prod, in a registry that refuses what Unity Catalog refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from life import kinds
from mlflow import MlflowClient
from sealed_folder import answering_bundle
from unity import open_workspace
from wheel_task import Workplace

from nli_lifecycle.datasets.table import TableDataset
from nli_lifecycle.lifecycle.overview import status
from nli_lifecycle.lifecycle.reconcile import reconcile
from nli_lifecycle.nli.labels import LABELS

pytest_plugins = ["ready_registries", "wheel_task"]
pytestmark = pytest.mark.slow

ROWS = 2_400  # prod's policy asks for 2,000
ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture
def metastore(tmp_path: Path, empty_store: Path) -> Path:
    """Three workspaces and what they share, with pairs to judge on and a candidate in dev."""
    pairs = pd.DataFrame(
        {
            "pair_id": [f"p{row}" for row in range(ROWS)],
            "premise": [f"Dog {row} runs." for row in range(ROWS)],
            "hypothesis": [f"{LABELS[row % 3]} number {row}" for row in range(ROWS)],
            "label": [LABELS[row % 3] for row in range(ROWS)],
            "genre": "",
            "fingerprint": [f"{row:032x}" for row in range(ROWS)],
        }
    )
    shutil.copy(empty_store, tmp_path / "metastore.db")
    for name in ENVIRONMENTS:
        shutil.copy(empty_store, tmp_path / f"{name}.db")
        artifacts = str(tmp_path / name / "artifacts")
        MlflowClient(f"sqlite:///{tmp_path}/{name}.db").create_experiment(f"nli-{name}", artifacts)
        folder = tmp_path / "home/data" / name / "03_primary"
        folder.mkdir(parents=True)
        TableDataset(filepath=str(folder / "test_pairs")).save(pairs)
    bundle = answering_bundle(tmp_path / "trained", wrong_every=10, signed=True)
    candidate = open_workspace(tmp_path, "dev").register(bundle, {"data_version": "d1"})
    left = tmp_path / "home/data/dev/06_models/candidate.json"
    left.parent.mkdir()
    left.write_text(candidate.model_dump_json())
    return tmp_path


def stores(metastore: Path, environment: str) -> list[str]:
    return [
        f"--env={environment}",
        f"--tracking-uri=sqlite:///{metastore}/{environment}.db",
        f"--registry-uri=sqlite:///{metastore}/metastore.db",
    ]


def test_from_training_to_an_approved_champion_in_prod(
    workplace: Workplace, metastore: Path
) -> None:
    files = [f"--conf-source={workplace.conf}", f"--home={metastore}/home"]

    def run(environment: str, pipelines: str) -> list[str]:
        return [*stores(metastore, environment), *files, f"--pipelines={pipelines}"]

    def command(name: str, *words: str) -> list[str]:
        return [name, *stores(metastore, "prod"), "--model=prod.nli.classifier", *words]

    def admit(model: str, version: str) -> list[str]:
        return command("admit", f"--model-name={model}", f"--model-version={version}")

    said = workplace.tasks_on_unity(
        metastore,
        run("dev", "evaluation,promotion"),
        run("staging", "intake,evaluation,promotion"),
        run("prod", "intake"),
        admit("staging.nli.classifier", "1"),
        admit("prod.nli.classifier", "2"),
        admit("prod.nli.classifier", "1"),
        run("prod", "evaluation,promotion"),
    )
    assert said[:3] == [None] * 3 and said[5:] == [None] * 2, said
    assert "JobError: Named was a version of staging.nli.classifier" in str(said[3])
    assert "JobError: prod.nli.classifier has no version 2" in str(said[4])
    dev, staging, prod = (open_workspace(metastore, name) for name in ENVIRONMENTS)
    (digest,) = {one.alias("champion").digest for one in (dev, staging)}
    held = status(prod)["held"]
    assert (held["version"], held["digest"]) == ("1", digest) and "approval" in held["reasons"]
    assert prod.alias("champion") is None

    said = workplace.tasks_on_unity(
        metastore,
        admit("prod.nli.classifier", "1"),
        command("approve", "--version=1", "--reason=read the report"),
        run("prod", "promotion"),
        admit("prod.nli.classifier", "1"),
        command("verify"),
    )
    assert said[:3] == [None] * 3 and said[4] is None, said
    assert "was decided already: it is the champion" in str(said[3])
    assert prod.alias("champion").digest == digest
    assert kinds(prod) == ["bootstrap", "promote"] and reconcile(prod) == []
    tags = prod.tags(prod.alias("champion"))
    assert tags["lineage"].startswith("dev.nli.classifier version 1 (promotion ")
    assert (tags["data_version"], tags["released_by"]) == ("d1", "somebody in prod")
    for name in ENVIRONMENTS:
        client = MlflowClient(f"sqlite:///{metastore}/{name}.db")
        runs = client.search_runs([client.get_experiment_by_name(f"nli-{name}").experiment_id])
        assert {one.info.status for one in runs} == {"FINISHED"}
