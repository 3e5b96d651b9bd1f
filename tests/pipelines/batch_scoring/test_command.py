"""The documented command: the champion scores a file, and MLflow has the account of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from project import PROJECT
from scoring_run import promoted, tiny_bundle, write_pairs

from nli_lifecycle.lifecycle.registry import MlflowRegistry
from nli_lifecycle.lifecycle.settling import settle

pytestmark = pytest.mark.slow


def _run(home: Path, *parameters: str) -> str:
    command = ["run", "--env", "prod", "--pipelines", "batch_scoring"]
    done = subprocess.run(
        [sys.executable, "-m", "kedro", *command, "--params", ",".join(parameters)],
        cwd=PROJECT,
        env=os.environ | {"NLI_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def _last_run(client: MlflowClient) -> Run:
    experiment = client.get_experiment_by_name("nli-prod")
    return client.search_runs([experiment.experiment_id], order_by=["start_time DESC"])[0]


def test_the_documented_command(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    (tmp_path / "mlruns").mkdir()
    registry = MlflowRegistry(
        "prod.nli.classifier",
        environment="prod",
        experiment="nli-prod",
        artifact_root=str(tmp_path / "mlruns/prod"),
        downloads=tmp_path / "fetched",
        tracking_uri=store,
    )
    settle(registry)
    bundle = tiny_bundle(tmp_path)
    promoted(registry, bundle)
    path = write_pairs(tmp_path / "in.parquet", 50)
    pairs = pd.read_parquet(path)
    pairs.loc[3, "premise"] = None
    pairs.to_parquet(path)

    nothing_said = _run(tmp_path, "engine=pandas")
    assert nothing_said[0] == "1" and "batch_scoring.source_path is not set" in nothing_said
    assert "Traceback" not in nothing_said

    said = _run(tmp_path, f"batch_scoring.source_path={path}")
    assert said[0] == "0", said
    assert "50 rows read = 49 scored + 1 quarantined (empty_text 1)" in " ".join(said.split())
    run = _last_run(MlflowClient(store, store))
    assert run.data.metrics["scoring/rows_scored"] == 49
    assert run.data.metrics["scoring/quarantined_empty_text"] == 1
    assert run.data.tags["scoring_version"] == "1" and run.data.tags["scoring_epoch"] == "1"
    assert run.data.tags["scoring_digest"] == bundle.digest
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.name == "parquet: in.parquet" and str(path) in used.dataset.source
    report = json.loads((tmp_path / "data/prod/08_reporting/scoring_report.json").read_text())
    assert len(pd.read_parquet(Path(report["output"]) / "scores")) == 49
    summary = json.loads((tmp_path / "data/prod/08_reporting/summary.json").read_text())
    assert summary["scoring"]["digest"] == bundle.digest and summary["scoring"]["rows_new"] == 49
