"""The session and its hooks on a real Kedro project with a real SQLite-backed MLflow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from tracked_project import write_project

from nli_lifecycle.session import ProjectError, _lock, environments

SCRIPT = Path(__file__).with_name("tracked_project.py")


def play(folder: Path, *sessions: str) -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), str(folder), ",".join(sessions), "--token", "hunter2"]
    environ = {**os.environ, "NLI_ACTION_ID": "retrain-fell-d1-1-1"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    line = next((x for x in done.stdout.splitlines() if x.startswith("RESULT ")), None)
    assert line, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Seven sessions, one process: every way to end, in two environments, and a wrong name."""
    folder = tmp_path_factory.mktemp("tiny")
    steps = ["dev:", "dev:fail", "dev:interrupt", "dev:leave", "staging:", ":", "nosuch:"]
    return play(folder, *steps)


def test_every_way_to_end_is_recorded_truthfully(played: dict[str, Any]) -> None:
    ordered = sorted(played["runs"], key=lambda run: run["start"])
    assert [(run["experiment"], run["status"]) for run in ordered] == [
        ("tiny-dev", "FINISHED"),
        ("tiny-dev", "FAILED"),
        ("tiny-dev", "KILLED"),
        ("tiny-dev", "FAILED"),
        ("tiny-staging", "FINISHED"),
        ("tiny-dev", "FINISHED"),
    ]


def test_no_run_and_no_address_leaks_into_the_next_session(played: dict[str, Any]) -> None:
    assert played["outcomes"][1::2] == ["closed"] * 7


def test_each_environment_keeps_its_own_store_in_one_process(played: dict[str, Any]) -> None:
    stores = {(run["store"], run["experiment"]) for run in played["runs"]}
    assert stores == {("dev", "tiny-dev"), ("staging", "tiny-staging")}


def test_default_pipelines_come_from_the_environment(played: dict[str, Any]) -> None:
    # __default__ is a pipeline that fails: only globals' default_pipelines can succeed.
    assert played["outcomes"][0] == "ok" and played["outcomes"][8] == "ok"


def test_unknown_environment_is_refused_with_the_known_ones(played: dict[str, Any]) -> None:
    assert played["outcomes"][12].startswith(
        "ProjectError: Unknown environment 'nosuch'. Known environments: dev, staging."
    )


def test_typed_parameters_are_flattened_under_stable_names(played: dict[str, Any]) -> None:
    first = min(played["runs"], key=lambda run: run["start"])
    assert first["params"] == {"knobs.epochs": "3", "knobs.api_token": "***"}


def test_tags_say_environment_command_and_config(played: dict[str, Any]) -> None:
    by_environment = {run["tags"]["environment"]: run["tags"] for run in played["runs"]}
    assert set(by_environment) == {"dev", "staging"}
    assert by_environment["dev"]["command"].startswith("tracked_project.py")
    assert by_environment["dev"]["config_hash"] != by_environment["staging"]["config_hash"]


def test_a_run_that_an_alert_s_action_started_says_so(played: dict[str, Any]) -> None:
    assert {run["tags"]["action_id"] for run in played["runs"]} == {"retrain-fell-d1-1-1"}


def test_every_run_records_how_to_repeat_it(played: dict[str, Any]) -> None:
    ordered = sorted(played["runs"], key=lambda run: run["start"])
    pipelines = [run["record"]["pipelines"] for run in ordered]
    assert pipelines == [["work"], ["fail"], ["interrupt"], ["leave"], ["work"], ["work"]]
    record = ordered[4]["record"]
    assert record["environment"] == "staging" and record["conf_source"] is None
    assert record["runtime_params"] == {"db_password": "***"}
    assert record["parameters"] == {"knobs": {"epochs": 3, "api_token": "***"}}
    assert len({run["record"]["code"]["source"] for run in ordered}) == 1


def test_no_secret_reaches_mlflow(played: dict[str, Any]) -> None:
    assert "hunter2" not in json.dumps(played["runs"])


def test_sigterm_ends_the_run_as_killed(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path), "dev:wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.strip() == "waiting" for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        output = process.stdout.read()
    assert time.monotonic() - started < 60
    result = json.loads(output.split("RESULT ")[1])
    assert [run["status"] for run in result["runs"]] == ["KILLED"]


def test_second_run_in_the_same_data_root_is_refused(tmp_path: Path) -> None:
    with FileLock(tmp_path / ".run.lock"):
        with pytest.raises(ProjectError, match=f"Another run is busy in {tmp_path}.*NLI_HOME"):
            with _lock(tmp_path):
                pass


def test_environments_are_the_layers_with_globals(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "conf" / "notes").mkdir()
    assert environments(tmp_path / "conf") == ["dev", "staging"]
    assert environments(tmp_path / "absent.tar.gz") == []
