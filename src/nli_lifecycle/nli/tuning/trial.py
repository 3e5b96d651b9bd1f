"""One trial: an ordinary training, scored on validation, whose checkpoint nobody keeps."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from nli_lifecycle.parameters import TrainingParameters

#: The figure that trials compete by, as the training reports it.
OBJECTIVE = "validation/macro_f1"


class TuningError(RuntimeError):
    """A sweep that cannot start, or that brought nothing; the message says what to do."""


@dataclass(frozen=True)
class Task:
    """What all trials of a sweep have in common."""

    train: pd.DataFrame  # premise, hypothesis, label
    validation: pd.DataFrame  # never the evaluation pairs: the winner was chosen by these
    encoder: Path
    workplace: Path  # each trial has a folder of its own in it, and leaves none


@dataclass(frozen=True)
class Job:
    """A trial that is to be run."""

    number: int
    training: TrainingParameters


@dataclass(frozen=True)
class Outcome:
    """How a trial ended."""

    number: int
    state: Literal["complete", "pruned", "failed", "died"]
    score: float | None = None  # best macro-F1 on validation; of complete trials only
    seconds: float = 0.0
    error: str | None = None


#: Told what a trial measured, by (metrics, optimiser step); says whether it should go on.
Judge = Callable[[Mapping[str, float], int], bool]


class Pruned(Exception):
    """The trial is behind the others and ends here."""


def run_trial(task: Task, job: Job, judge: Judge) -> Outcome:
    """Train once, and throw the checkpoint away.

    Args:
        task: data, encoder and place.
        job: the parameters.
        judge: sees every figure while training.

    Returns:
        A score, or why there is none. What only these parameters can have caused (a loss that is
        no number, too little memory) is an outcome; any other error is raised.
    """

    def on_metrics(metrics: Mapping[str, float], step: int) -> None:
        if not judge(metrics, step):
            raise Pruned

    # A study is read, and reported on, without PyTorch.
    from nli_lifecycle.nli.training.loop import train

    started = time.perf_counter()
    folder = task.workplace / str(job.number)
    state: Literal["complete", "pruned", "failed"] = "complete"
    score, said = None, None
    try:
        score = train(
            task.train,
            task.validation,
            job.training,
            encoder=task.encoder,
            output=folder / "checkpoint",
            on_metrics=on_metrics,
        ).best_macro_f1
    except Pruned:
        state = "pruned"
    except (FloatingPointError, MemoryError, RuntimeError) as error:
        state, said = "failed", f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(job.number, state, score, time.perf_counter() - started, said)
