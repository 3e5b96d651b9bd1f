"""Starting a training run as a job of a Databricks workspace, once for an action."""

from __future__ import annotations

import hashlib
from typing import Any

from nli_lifecycle.monitoring.alerting.retraining import DatabricksJobParameters

MOST_RUNS = 1_000  # of the job, the newest first, among which an action's is looked for
_SECONDS = 60  # after which a workspace that does not answer is given up


class JobError(RuntimeError):
    """The job cannot be run as asked, or it cannot be said whether it was."""


class DatabricksJob:
    """See ``Retraining``. The run carries the action's id as a job parameter.

    The idempotency token lets a request be sent twice; it cannot be looked up, the parameter can.
    """

    def __init__(self, parameters: DatabricksJobParameters, environment: str) -> None:
        self._parameters = parameters
        self._environment = environment

    def start(self, action_id: str) -> None:
        """See ``Retraining.start``.

        Raises:
            JobError: the job does not declare the parameter, or the SDK is not installed.
            DatabricksError: there is no such job, or the workspace refuses.
        """
        jobs, asked = _jobs(), self._parameters
        settings = jobs.get(asked.job_id).settings
        if asked.parameter not in {one.name for one in settings.parameters or ()}:
            raise JobError(
                f"Job {asked.job_id} declares no job parameter {asked.parameter!r}, by which its "
                "runs are found again: add it, with an empty default."
            )
        key = self._key(action_id)
        jobs.run_now(
            asked.job_id,
            idempotency_token=hashlib.sha256(key.encode()).hexdigest(),
            job_parameters={asked.parameter: key},
        )

    def happened(self, action_id: str) -> bool:
        """See ``Retraining.happened``.

        Raises:
            JobError: it is not among the job's last ``MOST_RUNS`` runs, and there are more.
            DatabricksError: the workspace cannot be asked.
        """
        jobs, asked, key = _jobs(), self._parameters, self._key(action_id)
        for number, run in enumerate(jobs.list_runs(job_id=asked.job_id)):
            if number == MOST_RUNS:
                raise JobError(
                    f"Job {asked.job_id} has more than {MOST_RUNS} runs, and the newest are not "
                    f"{action_id}'s: look for the older ones in the workspace."
                )
            given = run.job_parameters or jobs.get_run(run.run_id).job_parameters or ()
            if any((one.name, one.value) == (asked.parameter, key) for one in given):
                return True
        return False

    def _key(self, action_id: str) -> str:
        """Two environments may watch the same bytes, and start the same job."""
        return f"{self._environment}/{action_id}"


def _jobs() -> Any:
    try:
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.config import Config
    except ImportError as error:
        raise JobError("Retraining by a Databricks job needs the extra 'databricks'.") from error
    return WorkspaceClient(
        config=Config(http_timeout_seconds=_SECONDS, retry_timeout_seconds=_SECONDS)
    ).jobs
