"""One MLflow run over the tasks of a job: every task's run is a child of one parent.

Tasks are processes that share nothing but the tracking store. The first to come makes the parent,
the others find it by its tag. MLflow cannot make a run only if there is none, so two tasks may make
two: what is left of that is put right when the job is concluded, by a last task that runs whatever
became of the others. Only then does the parent get a status.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run

JOB_RUN = "job_run"  # tag of the parent and its children: the platform's id of the job's run
JOB_TASK = "job_task"  # tag of the children: the task
FAULTS = "job_faults"  # tag of a failed parent: what went wrong, task by task
PARENT = "mlflow.parentRunId"  # by which MLflow's pages nest runs
ENDED_WELL = ("success", "excluded")  # what a platform says of tasks that leave no fault
MOST_CHARACTERS = 1_000  # of a tag
_ID = re.compile(r"[\w.-]{1,200}")


class JobRunError(ValueError):
    """The job's run is not named as it must be."""


@dataclass(frozen=True)
class JobTask:
    """Which task of which job's run this process is.

    Attributes:
        run: the platform's id of the job's run; a repaired one keeps it.
        task: the task's name in the job.
    """

    run: str
    task: str

    def __post_init__(self) -> None:
        for value in (self.run, self.task):
            if not _ID.fullmatch(value):
                raise JobRunError(
                    f"{value!r} names no job's run or task: letters, digits, '.', '_' and '-' "
                    "only. Give both --job-run and --job-task, or neither."
                )


@dataclass(frozen=True)
class Conclusion:
    """How a job's run ended.

    Attributes:
        run_id: of the parent.
        status: FINISHED or FAILED.
        faults: task → why it counts as failed; empty where the job finished.
    """

    run_id: str
    status: str
    faults: dict[str, str]


def this_task() -> JobTask | None:
    """The task this process is, by NLI_JOB_RUN and NLI_JOB_TASK; None outside a job.

    Raises:
        JobRunError: only one of them is set, or to no name.
    """
    run, task = os.environ.get("NLI_JOB_RUN"), os.environ.get("NLI_JOB_TASK")
    return JobTask(run or "", task or "") if run or task else None


def join(client: MlflowClient, run: Run, task: JobTask) -> None:
    """File a task's run below its job's parent.

    Args:
        client: of the tracking store.
        run: the task's own run, in the experiment in which the parent is too.
        task: what it is.
    """
    parent = _find_or_make_parent(client, run.info.experiment_id, task.run)
    for key, value in ((PARENT, parent), (JOB_RUN, task.run), (JOB_TASK, task.task)):
        client.set_tag(run.info.run_id, key, value)


def conclude(
    client: MlflowClient, experiment_id: str, job_run: str, tasks: Mapping[str, str | None]
) -> Conclusion:
    """Give the parent the status that its tasks have earned; may be done again after a repair.

    Of a task that ran several times the last run counts. A run that is still open when this is
    called belongs to a process that died.

    Args:
        client: of the tracking store.
        experiment_id: where the job's runs are.
        job_run: the platform's id of the job's run.
        tasks: every task that had to run → what the platform says of it, None where it says
            nothing.
    """
    parent = _find_or_make_parent(client, experiment_id, job_run)
    parents, children = _runs(client, experiment_id, job_run)
    for child in children:
        if child.data.tags.get(PARENT) != parent:
            client.set_tag(child.info.run_id, PARENT, parent)
    for other in parents:
        if other.info.run_id != parent:
            client.delete_run(other.info.run_id)
    ended = {child.data.tags[JOB_TASK]: _end(client, child) for child in children}  # last wins
    faults = dict(_faults(tasks, ended))
    status = "FAILED" if faults else "FINISHED"
    said = "; ".join(f"{task}: {why}" for task, why in faults.items())
    client.set_tag(parent, FAULTS, said[:MOST_CHARACTERS])
    client.set_terminated(parent, status)
    return Conclusion(parent, status, faults)


def _faults(tasks: Mapping[str, str | None], ended: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for task in dict.fromkeys((*tasks, *ended)):
        said, status = tasks.get(task), ended.get(task)
        if said is not None and said not in ENDED_WELL:
            yield task, f"ended as {said}"
        elif said != "excluded" and status is None:
            yield task, "left no run"
        elif status not in (None, "FINISHED"):
            yield task, f"its run is {status}"


def _find_or_make_parent(client: MlflowClient, experiment_id: str, job_run: str) -> str:
    """The eldest parent; who makes one at the same moment as another task drops the younger."""
    parents, _ = _runs(client, experiment_id, job_run)
    if not parents:
        made = client.create_run(experiment_id, run_name=f"job {job_run}", tags={JOB_RUN: job_run})
        seen, _ = _runs(client, experiment_id, job_run)
        parents = sorted({run.info.run_id: run for run in (made, *seen)}.values(), key=_age)
        if parents[0].info.run_id != made.info.run_id:
            client.delete_run(made.info.run_id)
    return str(parents[0].info.run_id)


def _runs(client: MlflowClient, experiment_id: str, job_run: str) -> tuple[list[Run], list[Run]]:
    """Parents and children of a job's run, the eldest first."""
    found = client.search_runs([experiment_id], f"tags.{JOB_RUN} = '{job_run}'")
    ordered = sorted(found, key=_age)
    return (
        [run for run in ordered if JOB_TASK not in run.data.tags],
        [run for run in ordered if JOB_TASK in run.data.tags],
    )


def _age(run: Run) -> tuple[int, str]:
    return run.info.start_time, run.info.run_id


def _end(client: MlflowClient, run: Run) -> str:
    """The run's final status; it and what it had opened are ended as FAILED if they are open."""
    if run.info.status in ("RUNNING", "SCHEDULED"):
        opened = f"tags.`{PARENT}` = '{run.info.run_id}' and attributes.status = 'RUNNING'"
        for left in (*client.search_runs([run.info.experiment_id], opened), run):
            client.set_terminated(left.info.run_id, "FAILED")
        return "FAILED"
    return str(run.info.status)
