"""Trials as child runs in MLflow: parameters, curves, how they ended.

By the client and not by ``mlflow.start_run``, whose stack holds one child at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from nli_lifecycle.nli.tuning.trial import OBJECTIVE, Job, Outcome

logger = logging.getLogger(__name__)

STATUS = {"complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED", "died": "KILLED"}


class TrialRuns:
    """A ``Watcher`` that logs to children of the active run; without one, nothing is logged.

    Args:
        tags: of every child, such as the study.
    """

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._client = MlflowClient()
        self._parent = mlflow.active_run()
        self._tags = dict(tags)
        self._runs: dict[int, str] = {}

    def begin(self, job: Job) -> str | None:
        """Open a child run with the trial's parameters."""
        if self._parent is None:
            return None
        tags = self._tags | {
            "mlflow.parentRunId": self._parent.info.run_id,
            "trial": str(job.number),
            "trial_state": "running",
        }
        run = self._client.create_run(
            self._parent.info.experiment_id, run_name=f"trial {job.number}", tags=tags
        )
        parameters = [Param(k, str(v)) for k, v in job.training.model_dump(mode="json").items()]
        self._client.log_batch(run.info.run_id, params=parameters)
        self._runs[job.number] = run.info.run_id
        return str(run.info.run_id)

    def log(self, number: int, metrics: Mapping[str, float], step: int) -> None:
        """Add points to the trial's curves."""
        if number in self._runs:
            now = int(1_000 * time.time())
            points = [Metric(name, value, now, step) for name, value in metrics.items()]
            self._client.log_batch(self._runs[number], metrics=points)

    def end(self, outcome: Outcome) -> None:
        """Close the trial's run."""
        run_id = self._runs.pop(outcome.number, None)
        if run_id is None:
            return
        tags = [RunTag("trial_state", outcome.state)]
        if outcome.error:
            tags.append(RunTag("trial_error", outcome.error[:500]))
        best = [] if outcome.score is None else [outcome.score]
        now = int(1_000 * time.time())
        points = [Metric(f"best_{OBJECTIVE}", value, now, 0) for value in best]
        self._client.log_batch(run_id, metrics=points, tags=tags)
        self._client.set_terminated(run_id, STATUS[outcome.state])

    def close(self, record: str) -> None:
        """Close what a dead process left open."""
        if self._parent is None:
            return
        try:
            self._client.set_tag(record, "trial_state", "died")
            self._client.set_terminated(record, "KILLED")
        except MlflowException as error:  # deleted, or of another store than today's
            logger.warning("Run %s of a trial that was cut off stays open: %s", record, error)

    def __enter__(self) -> TrialRuns:
        return self

    def __exit__(self, *error: object) -> None:
        """Close what is open where the sweep is interrupted."""
        for record in self._runs.values():
            self.close(record)
