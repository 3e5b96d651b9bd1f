"""A sweep: trials until there are as many as asked for, wherever an earlier one was cut off."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from nli_lifecycle.nli.tuning import study as studies
from nli_lifecycle.nli.tuning.space import apply_proposal
from nli_lifecycle.nli.tuning.trial import OBJECTIVE, Job, Outcome, Task
from nli_lifecycle.nli.tuning.workers import run_here, run_in_processes
from nli_lifecycle.parameters import TrainingParameters, TuningParameters

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import Trial

logger = logging.getLogger(__name__)

#: Parameters that have killed this many workers are not tried again.
MOST_DEATHS = 2
#: Attributes of a trial.
RUN, ERROR, SECONDS = "run", "error", "seconds"


class Watcher(Protocol):
    """Whoever keeps a record of the trials, such as an experiment tracker."""

    def begin(self, job: Job) -> str | None:
        """A trial begins; the address of its record, None without one."""

    def log(self, number: int, metrics: Mapping[str, float], step: int) -> None:
        """A trial measured something."""

    def end(self, outcome: Outcome) -> None:
        """A trial ended."""

    def close(self, record: str) -> None:
        """Nobody works any more on the trial with this record."""


def sweep(
    study: Study,
    task: Task,
    training: TrainingParameters,
    tuning: TuningParameters,
    watcher: Watcher,
) -> None:
    """Run trials until the study has as many as asked for, or time is over.

    Args:
        study: where trials are remembered; nobody else is at work in it.
        task: data, encoder and place.
        training: what holds for every parameter that is not tuned.
        tuning: how many, over what, by how many processes.
        watcher: keeps a record.
    """
    for left in studies.abandoned(study):
        logger.info("Trial %d was cut off: its parameters are tried again.", left.number)
        if record := left.user_attrs.get(RUN):
            watcher.close(record)
        studies.replace(study, left, left.user_attrs.get(studies.DEATHS, 0))
    missing = tuning.trials - len(studies.counted(study))
    if missing < tuning.trials:
        logger.info("The study has %d trials already.", tuning.trials - missing)
    running = _Running(study, training, tuning, watcher)
    if tuning.workers > 1 and missing > 1:
        crew = min(tuning.workers, missing)
        outcomes = run_in_processes(task, running.next_job, running.judge, crew)
    else:
        outcomes = run_here(task, running.next_job, running.judge)
    with closing(outcomes):  # whatever happens here, no worker outlives it
        for outcome in outcomes:
            running.end(outcome)


class _Running:
    """The trials under way."""

    def __init__(
        self,
        study: Study,
        training: TrainingParameters,
        tuning: TuningParameters,
        watcher: Watcher,
    ) -> None:
        self._study, self._training, self._tuning = study, training, tuning
        self._watcher = watcher
        self._trials: dict[int, Trial] = {}
        self._validations: dict[int, int] = {}
        self._started = time.monotonic()

    def next_job(self) -> Job | None:
        """Begin a trial, unless there are enough or time is over."""
        if len(studies.counted(self._study)) >= self._tuning.trials or self._late():
            return None
        trial = studies.propose(self._study, self._tuning)
        training = apply_proposal(trial.params, self._tuning.tuned, self._training)
        job = Job(trial.number, training)
        if record := self._watcher.begin(job):
            trial.set_user_attr(RUN, record)
        self._trials[job.number], self._validations[job.number] = trial, 0
        return job

    def judge(self, job: Job, metrics: Mapping[str, float], step: int) -> bool:
        """Note what a trial measured; whether it should go on."""
        self._watcher.log(job.number, metrics, step)
        if OBJECTIVE not in metrics:
            return True
        self._validations[job.number] += 1
        trial, validation = self._trials[job.number], self._validations[job.number]
        trial.report(metrics[OBJECTIVE], step=validation)
        # After the last one there is nothing to save, only a score to lose.
        last = job.training.epochs * job.training.evaluations_per_epoch
        return validation == last or not trial.should_prune()

    def end(self, outcome: Outcome) -> None:
        """Tell the study how a trial ended."""
        from optuna.trial import TrialState

        trial = self._trials.pop(outcome.number)
        trial.set_user_attr(SECONDS, round(outcome.seconds, 1))
        if outcome.error:
            trial.set_user_attr(ERROR, outcome.error)
        self._watcher.end(outcome)
        if outcome.state == "complete":
            self._study.tell(trial, outcome.score)
        elif outcome.state == "pruned":
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            deaths = trial.user_attrs.get(studies.DEATHS, 0) + 1
            if outcome.state == "died" and deaths < MOST_DEATHS:
                studies.replace(self._study, trial, deaths)
            else:
                studies.fail(self._study, trial.number)
        self._say(outcome)

    def _late(self) -> bool:
        minutes = (time.monotonic() - self._started) / 60
        limit = self._tuning.timeout_minutes
        return limit is not None and minutes >= limit

    def _say(self, outcome: Outcome) -> None:
        ended = [t for t in studies.counted(self._study) if t.state.is_finished()]
        scores = [t.value for t in ended if t.state.name == "COMPLETE" and t.value is not None]
        how = outcome.state if outcome.score is None else f"macro-F1 {outcome.score:.3f}"
        logger.info(
            "Trial %d %s, %.0f s. %d of %d trials; best macro-F1 %s.",
            outcome.number,
            f"{how} ({outcome.error})" if outcome.error else how,
            outcome.seconds,
            len(ended),
            self._tuning.trials,
            f"{max(scores):.3f}" if scores else "none yet",
        )
