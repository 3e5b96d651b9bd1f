"""A sweep over the tiny encoder: what the tests of tuning run, also as a process to be killed.

As a script: `python tuning_run.py FOLDER TRIALS WORKERS`.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.tuning.report import TuningReport, report_study
from nli_lifecycle.nli.tuning.study import opened_study
from nli_lifecycle.nli.tuning.sweep import sweep
from nli_lifecycle.nli.tuning import workers
from nli_lifecycle.nli.tuning.trial import Job, Judge, Outcome, Task
from nli_lifecycle.parameters import TrainingParameters, TuningParameters

TRAINING = TrainingParameters(
    epochs=2, batch_size=16, learning_rate=3e-3, max_length=32, patience=6, device="cpu"
)
SPACE: dict[str, Any] = {
    "learning_rate": {"low": 1e-5, "high": 1e-2, "log": True},
    "epochs": {"low": 1, "high": 3},
    "weight_decay": {"low": 0.0, "high": 0.2},
}


def tuning(**changes: Any) -> TuningParameters:
    values = {"trials": 3, "space": SPACE, "pruning": {"enabled": False}, **changes}
    return TuningParameters.model_validate(values)


def pairs(rows: int, seed: int) -> pd.DataFrame:
    """The verb of the hypothesis gives the label away."""
    draw = random.Random(seed)
    verbs = dict(zip(LABELS, ("runs", "sleeps", "sings")))
    labels = [LABELS[row % 3] for row in range(rows)]
    things = [draw.choice(["man", "woman", "child", "dog", "cat"]) for _ in labels]
    return pd.DataFrame(
        {
            "premise": [f"a {thing} is outside" for thing in things],
            "hypothesis": [f"the {thing} {verbs[x]}" for thing, x in zip(things, labels)],
            "label": labels,
        }
    )


def make_task(folder: Path) -> Task:
    if not (folder / "encoder").exists():
        make_tiny_encoder(folder / "encoder")
    return Task(pairs(120, 1), pairs(30, 2), folder / "encoder", folder / "trials")


@contextmanager
def one_thread() -> Iterator[None]:
    """More threads than free cores mostly wait for each other over matrices this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Notes:
    """A watcher that remembers everything, and can be made to do something meanwhile."""

    def __init__(self) -> None:
        self.begun: list[Job] = []
        self.logged: list[tuple[int, dict[str, float], int]] = []
        self.ended: list[Outcome] = []
        self.closed: list[str] = []

    def begin(self, job: Job) -> str | None:
        self.begun.append(job)
        return f"run of {job.number}"

    def log(self, number: int, metrics: Mapping[str, float], step: int) -> None:
        self.logged.append((number, dict(metrics), step))

    def end(self, outcome: Outcome) -> None:
        self.ended.append(outcome)

    def close(self, record: str) -> None:
        self.closed.append(record)


class Aloud(Notes):
    """Says what it sees, so that a test knows when to kill this process."""

    def log(self, number: int, metrics: Mapping[str, float], step: int) -> None:
        print(f"trial {number}", flush=True)


def die(connection: Connection, task: Task) -> None:
    """A worker that does not live."""
    os._exit(9)


def work_until_trial_0(connection: Connection, task: Task) -> None:
    """A worker that trial 0's parameters kill, whichever trial has them."""
    deadly, real = task.workplace.parent / "deadly.json", workers.run_trial

    def run_trial(task: Task, job: Job, judge: Judge) -> Outcome:
        if job.number == 0:
            deadly.write_text(job.training.model_dump_json())
        if deadly.exists() and deadly.read_text() == job.training.model_dump_json():
            os._exit(9)
        return real(task, job, judge)

    workers.run_trial = run_trial
    workers._work(connection, task)


def run(
    folder: Path,
    parameters: TuningParameters,
    notes: Notes | None = None,
    training: TrainingParameters = TRAINING,
) -> TuningReport:
    """Sweep in the study that lies in a folder, and report."""
    task = make_task(folder)
    with one_thread(), opened_study(f"sqlite:///{folder}/studies.db", "study", parameters) as study:
        sweep(study, task, training, parameters, notes or Notes())
        return report_study(study, training, parameters)


if __name__ == "__main__":
    run(Path(sys.argv[1]), tuning(trials=int(sys.argv[2]), workers=int(sys.argv[3])), Aloud())
