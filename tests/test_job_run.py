"""A job's tasks and the run above them: found, raced for, and ended as they deserve."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.entities import Run
from project import PROJECT
from tracked_project import write_project

from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.commands.places import Place, load_configuration
from nli_lifecycle.job_run import JobRunError, JobTask, conclude, join, this_task

SCRIPT = Path(__file__).with_name("tracked_project.py")
TASKS = {"training": "success", "evaluation": "success"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> MlflowClient:
    return MlflowClient(f"sqlite:///{tmp_path_factory.mktemp('jobs')}/mlflow.db")


@pytest.fixture
def experiment(client: MlflowClient, tmp_path: Path) -> str:
    return str(client.create_experiment(uuid4().hex, str(tmp_path)))


def task(client: MlflowClient, experiment: str, name: str, status: str | None = "FINISHED") -> Run:
    """A task's run that joined its job; None: its process died."""
    run = client.create_run(experiment)
    join(client, run, JobTask("17", name))
    if status:
        client.set_terminated(run.info.run_id, status)
    return client.get_run(run.info.run_id)


def parents(client: MlflowClient, experiment: str) -> list[Run]:
    found = client.search_runs([experiment], "tags.job_run = '17'")
    return [run for run in found if "job_task" not in run.data.tags]


def test_tasks_share_one_parent_that_finishes_with_them(
    client: MlflowClient, experiment: str
) -> None:
    children = [task(client, experiment, name) for name in TASKS]
    (parent,) = parents(client, experiment)
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert parent.info.status == "RUNNING"
    ended = conclude(client, experiment, "17", TASKS)
    assert (ended.status, ended.faults, ended.run_id) == ("FINISHED", {}, parent.info.run_id)
    assert client.get_run(parent.info.run_id).info.status == "FINISHED"


@pytest.mark.parametrize(
    ("status", "said", "why"),
    [
        ("FAILED", "failed", "ended as failed"),
        ("FAILED", None, "its run is FAILED"),
        ("KILLED", "success", "its run is KILLED"),
        (None, None, "its run is FAILED"),
        ("FINISHED", "failed", "ended as failed"),  # a second attempt that opened no run at all
        ("FINISHED", "upstream_failed", "ended as upstream_failed"),
    ],
)
def test_one_task_that_did_not_finish_fails_the_job(
    status: str | None, said: str | None, why: str, client: MlflowClient, experiment: str
) -> None:
    task(client, experiment, "training")
    task(client, experiment, "evaluation", status)
    ended = conclude(client, experiment, "17", {"training": "success", "evaluation": said})
    assert (ended.status, ended.faults) == ("FAILED", {"evaluation": why})
    parent = client.get_run(ended.run_id)
    assert parent.info.status == "FAILED"
    assert parent.data.tags["job_faults"] == f"evaluation: {why}"


def test_a_task_that_left_no_run_and_one_nobody_named_count_too(
    client: MlflowClient, experiment: str
) -> None:
    task(client, experiment, "promotion", "FAILED")
    ended = conclude(client, experiment, "17", {"training": None})
    assert ended.faults == {"training": "left no run", "promotion": "its run is FAILED"}


def test_a_job_whose_tasks_all_died_early_still_shows_as_failed(
    client: MlflowClient, experiment: str
) -> None:
    ended = conclude(client, experiment, "17", {"training": "failed"})
    assert client.get_run(ended.run_id).info.status == "FAILED"


def test_a_task_left_out_on_purpose_is_no_fault(client: MlflowClient, experiment: str) -> None:
    task(client, experiment, "training")
    ended = conclude(client, experiment, "17", {"training": "success", "evaluation": "excluded"})
    assert ended.status == "FINISHED"


def test_what_a_dead_task_had_opened_is_ended_with_it(
    client: MlflowClient, experiment: str
) -> None:
    dead = task(client, experiment, "training", None)
    curves = client.create_run(experiment, tags={"mlflow.parentRunId": dead.info.run_id})
    conclude(client, experiment, "17", TASKS)
    for run in (dead, curves):
        assert client.get_run(run.info.run_id).info.status == "FAILED"


def test_after_a_repair_the_last_attempt_counts(client: MlflowClient, experiment: str) -> None:
    task(client, experiment, "training")
    task(client, experiment, "evaluation", "FAILED")
    first = conclude(client, experiment, "17", {**TASKS, "evaluation": "failed"})
    task(client, experiment, "evaluation")
    second = conclude(client, experiment, "17", TASKS)
    assert (first.status, second.status) == ("FAILED", "FINISHED")
    assert first.run_id == second.run_id
    repaired = client.get_run(second.run_id)
    assert repaired.info.status == "FINISHED"
    assert repaired.data.tags["job_faults"] == ""


def test_other_jobs_are_left_alone(client: MlflowClient, experiment: str) -> None:
    other = client.create_run(experiment)
    join(client, other, JobTask("18", "training"))
    task(client, experiment, "training")
    assert conclude(client, experiment, "17", {"training": None}).status == "FINISHED"
    assert client.get_run(other.info.run_id).info.status == "RUNNING"


def test_two_parents_of_a_lost_race_become_one(client: MlflowClient, experiment: str) -> None:
    younger = client.create_run(experiment, start_time=2_000, tags={"job_run": "17"})
    child = client.create_run(experiment, tags={"job_run": "17", "job_task": "training"})
    client.set_tag(child.info.run_id, "mlflow.parentRunId", younger.info.run_id)
    client.set_terminated(child.info.run_id)
    elder = client.create_run(experiment, start_time=1_000, tags={"job_run": "17"})
    ended = conclude(client, experiment, "17", {"training": None})
    assert (ended.run_id, ended.status) == (elder.info.run_id, "FINISHED")
    moved = client.get_run(child.info.run_id)
    assert moved.data.tags["mlflow.parentRunId"] == elder.info.run_id
    assert [run.info.run_id for run in parents(client, experiment)] == [elder.info.run_id]


def test_who_makes_a_parent_as_another_task_does_drops_the_younger(
    client: MlflowClient, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = MlflowClient.create_run

    def late(self: MlflowClient, experiment_id: str, **arguments: object) -> Run:
        make(self, experiment_id, start_time=1_000, tags={"job_run": "17"})  # the other's
        return make(self, experiment_id, **arguments)  # type: ignore[arg-type]

    run = client.create_run(experiment)
    monkeypatch.setattr(MlflowClient, "create_run", late)
    join(client, run, JobTask("17", "training"))
    (parent,) = parents(client, experiment)
    assert parent.info.start_time == 1_000
    assert client.get_run(run.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id


@pytest.mark.parametrize(("run", "name"), [("17", None), (None, "training"), ("17'", "training")])
def test_half_a_name_is_refused(
    run: str | None, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in (("NLI_JOB_RUN", run), ("NLI_JOB_TASK", name)):
        monkeypatch.setenv(variable, value) if value else monkeypatch.delenv(variable, False)
    with pytest.raises(JobRunError, match="Give both --job-run and --job-task"):
        this_task()


def test_outside_a_job_nothing_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NLI_JOB_RUN", False)
    monkeypatch.delenv("NLI_JOB_TASK", False)
    assert this_task() is None


@pytest.mark.parametrize(
    ("store", "name"), [("databricks", "/Shared/nli-dev"), ("http://mlflow:5000", "nli-dev")]
)
def test_a_job_concluded_by_address_is_looked_for_where_its_tasks_logged(
    store: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    configured = load_configuration(str(PROJECT / "conf"), "dev")["globals"]["experiment"]
    addressed = Place("dev", "dev.nli.classifier", store, store).experiment
    assert addressed == configured == name


@pytest.mark.slow
def test_processes_beside_each_other_one_of_them_killed_end_as_a_failed_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a platform does it: a folder each, one tracking store, the last task concludes."""
    store = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(store)
    project = write_project(tmp_path / "work")
    processes = {}
    for name in ("work", "wait"):
        write_project(tmp_path / name)
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": store,
            "NLI_JOB_RUN": "17",
            "NLI_JOB_TASK": name,
        }
        command = [sys.executable, str(SCRIPT), str(tmp_path / name), f"dev:{name}"]
        processes[name] = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    waiting = processes["wait"].stdout
    assert waiting and any("waiting" in line for line in waiting)  # its run is open by now
    processes["wait"].kill()
    for process in processes.values():
        process.communicate(timeout=120)
    experiment = client.get_experiment_by_name("tiny-dev")
    before = {
        run.data.tags.get("job_task", "parent"): run.info.status
        for run in client.search_runs([experiment.experiment_id], "tags.job_run = '17'")
    }
    assert before == {"parent": "RUNNING", "work": "FINISHED", "wait": "RUNNING"}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    command = ["conclude", "--env", "dev", "--conf-source", str(project / "conf")]
    command += ["--job-run", "17", "--task", "work=success", "--task", "wait=failed"]
    done = CliRunner().invoke(lifecycle, command)
    assert done.exit_code == 1
    assert "Job run 17: FAILED" in done.output and "wait: ended as failed" in done.output
    after = client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
    assert len(after) == 0
