"""The documented command, in this process: exit code, run, documents, summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient
from monitoring_run import PAIRS, Traffic
from project import PROJECT

from nli_lifecycle.cli import run
from nli_lifecycle.monitoring.report import MonitoringReport
from nli_lifecycle.serving.head import Release

RELEASE = Release("prod.nli.classifier", "7", "a" * 64, 3)


def _command() -> Result:
    arguments = ["--env", "prod", "--pipelines", "monitoring"]
    return CliRunner().invoke(run, [*arguments, "--params", f"monitoring.window_pairs={PAIRS}"])


def test_the_documented_command_ends_with_the_code_of_the_worst_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    monkeypatch.setenv("NLI_HOME", str(tmp_path))
    monkeypatch.setenv("NLI_LOG_URL", url)
    monkeypatch.chdir(PROJECT)
    bootstrap_project(PROJECT)
    traffic = Traffic(url)
    traffic.answer(RELEASE, PAIRS)
    quiet = _command()
    assert quiet.exit_code == 0, quiet.output

    traffic.answer(RELEASE, PAIRS - 20)
    traffic.answer(RELEASE, 20, probabilities=(0.9, 0.9, 0.9))
    traffic.close()
    alarmed = _command()
    assert alarmed.exit_code == 4, alarmed.output
    assert "Traceback" not in alarmed.output

    folder = tmp_path / "data/prod/08_reporting"
    report = MonitoringReport.model_validate_json((folder / "monitoring/report.json").read_bytes())
    assert [alert.rule for alert in report.alerts] == ["damaged_rows"]
    assert (report.environment, report.account.rows, report.account.damaged) == ("prod", 200, 20)
    summary = json.loads((folder / "summary.json").read_text())["monitoring"]
    assert (summary["exit_code"], summary["windows"]) == (4, 2)
    assert [alert["severity"] for alert in summary["alerts"]] == ["critical"]

    client = MlflowClient(f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("nli-prod")
    runs = client.search_runs([experiment.experiment_id])
    assert {found.info.status for found in runs} == {"FINISHED"}
    assert sorted(found.info.run_name for found in runs) == ["prod", "prod", "window 1", "window 2"]
    alarm = next(found for found in runs if "alert.damaged_rows" in found.data.tags)
    paths = {file.path for file in client.list_artifacts(alarm.info.run_id, "monitoring")}
    names = ("report.json", "report.html", "verdicts.json")
    assert paths == {f"monitoring/{name}" for name in names}
    assert "damaged rows" in (folder / "monitoring/report.html").read_text()
