"""Retraining: what the action `retrain` starts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nli_lifecycle.monitoring.alerting.record import Record


class CommandParameters(Record):
    """A process on this machine that outlives the one that monitors."""

    kind: Literal["command"] = "command"
    argv: tuple[str, ...] = Field(
        min_length=1,
        description="program and arguments, without a shell, e.g. [kedro, run, --env, dev]; the "
        "program is looked for beside this Python first. Of another environment than the one that "
        "is monitored, whose data folder is busy meanwhile",
    )


class DatabricksJobParameters(Record):
    """A job of a Databricks workspace, found by DATABRICKS_HOST and its login."""

    kind: Literal["databricks_job"] = "databricks_job"
    job_id: int = Field(ge=1)
    parameter: str = Field(
        "action_id",
        min_length=1,
        description="job parameter that is given `<environment>/<action id>`; the job declares it",
    )


RetrainParameters = Annotated[
    CommandParameters | DatabricksJobParameters, Field(discriminator="kind")
]
