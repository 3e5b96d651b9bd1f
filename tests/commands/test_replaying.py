"""`kedro lifecycle replay` on real runs of data_engineering, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient
from project import PROJECT

from nli_lifecycle.cli import cli
from nli_lifecycle.provenance import git_state


@dataclass
class Project:
    """A home and a configuration of its own, and `kedro …` typed in the project's folder."""

    home: Path

    @property
    def conf(self) -> Path:
        return self.home / "conf"

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(f"sqlite:///{self.home}/mlruns/mlflow.db")

    def __call__(self, *words: str) -> Result:
        bootstrap_project(PROJECT)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NLI_HOME", str(self.home))
            patch.setattr("sys.argv", ["kedro", *words])
            patch.chdir(PROJECT)
            return CliRunner().invoke(cli, list(words), catch_exceptions=False)

    def run(self, *words: str) -> str:
        """Run data_engineering; returns the run's id."""
        before = self.runs()
        done = self("run", "--pipelines", "data_engineering", *words)
        assert done.exit_code == 0, done.output
        (made,) = self.runs() - before
        return made

    def runs(self) -> set[str]:
        if not (self.home / "mlruns" / "mlflow.db").exists():
            return set()
        experiments = [one.experiment_id for one in self.client.search_experiments()]
        return {run.info.run_id for run in self.client.search_runs(experiments)}

    def answer(self, *words: str) -> dict[str, Any]:
        done = self("lifecycle", "replay", *words, "--json")
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def set(self, old: str, new: str) -> None:
        """Edit conf/base/parameters_data.yml."""
        file = self.conf / "base" / "parameters_data.yml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def write_pairs(self, rows: int) -> Path:
        labels = ("entailment", "neutral", "contradiction")
        lines = [f"A man has {i} dogs.\tHe has {i} pets.\t{labels[i % 3]}" for i in range(rows)]
        file = self.home / "pairs.tsv"
        file.write_text("premise\thypothesis\tlabel\n" + "\n".join(lines) + "\n")
        return file


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("home"))
    shutil.copytree(PROJECT / "conf", made.conf)
    made.write_pairs(90)
    made.set("source: sample ", "source: tsv ")
    made.set("source_path: null", f"source_path: {made.home}/pairs.tsv")
    yield made
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
    # What kedro-mlflow chose would be taken for other stores' tests' own choice.
    mlflow.tracking.fluent._active_experiment_id = None
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_ID"):
        os.environ.pop(name, None)


@pytest.fixture(scope="module")
def original(project: Project) -> str:
    """A run whose configuration is this home's, with one parameter and one secret given."""
    given = "data.near_duplicates.similarity=0.9,mail.password=hunter2"
    every_node = ("--tags", "data_engineering")
    return project.run("--conf-source", str(project.conf), *every_node, "--params", given)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2")


def refused(done: Result, *expected: str) -> None:
    said = " ".join(done.output.split())
    assert done.exit_code == 1 and "Traceback" not in said, said
    for words in expected:
        assert words in said, said


def test_an_unknown_run(project: Project, original: str) -> None:
    done = project("lifecycle", "replay", "f" * 32)
    refused(done, f"No run {'f' * 32}", f"{project.home}/mlruns/mlflow.db (dev, staging, prod)")


def test_a_run_of_another_environment(project: Project, original: str) -> None:
    done = project("lifecycle", "replay", original, "--env", "staging")
    refused(done, f"Run {original} is one of dev, not of staging", "Leave --env out")


def test_a_run_that_is_not_of_this_project(project: Project, original: str) -> None:
    run = project.client.create_run(project.client.get_run(original).info.experiment_id)
    done = project("lifecycle", "replay", run.info.run_id)
    refused(done, "was not made by `kedro run` of this project")


def test_a_run_from_before_shows_what_there_is(project: Project, original: str) -> None:
    experiment = project.client.get_run(original).info.experiment_id
    tags = {"environment": "dev", "command": "kedro run", "pipeline_names": "['training']"}
    run_id = project.client.create_run(experiment, tags=tags).info.run_id
    project.client.log_param(run_id, "training.epochs", "3")
    project.client.set_terminated(run_id)
    done = project("lifecycle", "replay", run_id, "--run")
    refused(done, "training.epochs=3", "['training']", "recorded no replay.json", "Missing are")


def test_a_run_that_never_ended_is_repeated_only_on_demand(project: Project, original: str) -> None:
    client = project.client
    client.update_run(original, status="RUNNING")
    try:
        done = project("lifecycle", "replay", original, "--run")
        refused(done, "What differs now", "never said how it ended", "--run --anyway")
        assert project("lifecycle", "replay", original, "--anyway").exit_code == 0
    finally:
        client.set_terminated(original)


def test_there_is_no_project_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["lifecycle", "replay", "f" * 32])
    refused(done, "There is no project here", "--conf-source <folder or archive>")


def test_a_child_is_shown_as_its_parent(project: Project, original: str) -> None:
    experiment = project.client.get_run(original).info.experiment_id
    child = project.client.create_run(experiment, tags={"mlflow.parentRunId": original})
    done = project("lifecycle", "replay", child.info.run_id)
    said = " ".join(done.output.split())
    assert f"Run {child.info.run_id} is part of run {original}: that one is shown." in said
    assert f"Run {original} · dev · FINISHED" in said
    assert "What differs now Nothing. To run it again NLI_HOME=" in said
    assert project.answer(child.info.run_id)["run_id"] == original


def test_json_and_run_exclude_each_other(project: Project) -> None:
    done = project("lifecycle", "replay", "f" * 32, "--run", "--json")
    assert done.exit_code == 2 and "--json cannot be used with --run" in done.output


def test_a_run_says_what_it_was_made_of(project: Project, original: str) -> None:
    found = project.answer(original)
    assert found["environment"] == "dev" and found["status"] == "FINISHED"
    assert found["pipelines"] == ["data_engineering"]
    assert found["selection"] == {"tags": ["data_engineering"]}
    assert found["command"].startswith("kedro run --pipelines data_engineering --conf-source")
    assert found["parameters"]["source"] == "tsv"
    assert found["parameters"]["data"]["near_duplicates"]["similarity"] == 0.9
    assert "training" not in found["parameters"]
    version = project.home / "data" / "dev" / "03_primary" / "data_version.txt"
    assert found["data_version"] == version.read_text()
    (raw,) = found["inputs"]
    assert (raw["name"], raw["rows"]) == ("tsv: pairs.tsv", 90) and len(raw["digest"]) == 16
    assert found["git_sha"] == git_state(PROJECT).get("git_sha")
    assert found["libraries"]["kedro"].startswith("1.") and len(found["code_version"]) == 64
    assert found["training_key"] is None


def test_a_secret_is_recorded_nowhere_and_asked_for(
    project: Project, original: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [file for file in (project.home / "mlruns").rglob("*") if file.is_file()]
    assert files and not [file for file in files if b"hunter2" in file.read_bytes()]
    found = project.answer(original)
    assert found["secrets"] == {"mail.password": "MAIL_PASSWORD"}
    assert found["replay"].endswith(',mail.password="${MAIL_PASSWORD:?}"')
    monkeypatch.delenv("MAIL_PASSWORD")
    done = project("lifecycle", "replay", original, "--run")
    refused(done, "Give them as environment variables: mail.password in MAIL_PASSWORD.")


def test_nothing_differs_and_the_command_works_as_it_stands(
    project: Project, original: str
) -> None:
    found = project.answer(original)
    assert found["differences"] == [] and found["checkout"] is None
    asked = found["replay"].replace("${MAIL_PASSWORD:?}", os.environ["MAIL_PASSWORD"])
    home, kedro, *words = shlex.split(asked)
    assert (home, kedro) == (f"NLI_HOME={project.home}", "kedro")
    before = project.runs()
    assert project(*words).exit_code == 0
    (again,) = project.runs() - before
    one, other = (project.client.get_run(run).data for run in (original, again))
    assert other.params == one.params
    assert other.tags["data_version"] == one.tags["data_version"]


def test_after_a_change_in_conf_the_old_value_is_passed_and_the_run_comes_out_the_same(
    project: Project, original: str
) -> None:
    project.set("keep: []", "keep: [genre]")
    project.set("max_characters: 20000", "max_characters: 500")
    try:
        found = project.answer(original)
        assert found["differences"] == [
            "Parameter data.options.keep was [], is ['genre'].",
            "Parameter data.max_characters was 20000, is 500.",
        ]
        assert "data.options.keep=[],data.max_characters=20000" in found["replay"]
        before = project.runs()
        done = project("lifecycle", "replay", original, "--run")
        assert done.exit_code == 0, done.output
        (again,) = project.runs() - before
        assert f"Run {again} repeated run {original}:" in done.output
        assert f"Data version {found['data_version'][:12]}: the same." in done.output
        data = project.client.get_run(again).data
        assert data.tags["replay_of"] == original and data.params["data.max_characters"] == "20000"
        assert project.answer(again)["parameters"] == found["parameters"]
    finally:
        project.set("keep: [genre]", "keep: []")
        project.set("max_characters: 500", "max_characters: 20000")


def test_what_no_parameter_can_take_away_is_said_and_refused(
    project: Project, original: str
) -> None:
    project.set("labels: {} ", "labels: {yes: entailment} ")
    try:
        done = project("lifecycle", "replay", original, "--run")
        refused(done, "Not run: parameter data.options.labels.", "take it out of conf/")
    finally:
        project.set("labels: {yes: entailment} ", "labels: {} ")


def test_other_code_is_refused_with_the_commit_to_go_to(
    project: Project, original: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = git_state(PROJECT).get("git_sha") or "0" * 40
    now = {"git_sha": "1" * 40, "git_dirty": "false"}
    monkeypatch.setattr("nli_lifecycle.replay.recording.git_state", lambda folder: now)
    assert project.answer(original)["checkout"] == f"git checkout {was}"
    done = project("lifecycle", "replay", original, "--run")
    refused(
        done, f"Not run, because the code is another one: Git commit was {was[:12]}", "--anyway"
    )


def test_changed_data_are_said_before_and_after(project: Project, original: str) -> None:
    file = project.write_pairs(60)
    try:
        assert project.answer(original)["differences"] == [
            f"Raw file {file} has other content than then."
        ]
        done = project("lifecycle", "replay", original, "--run")
        refused(done, "Data version differs: was", "The replay did not make the same")
        assert any(
            line.startswith("Data version was") for line in project.answer(original)["differences"]
        )
        file.unlink()
        assert f"Raw file {file} is gone." in project.answer(original)["differences"]
    finally:
        project.write_pairs(90)
