"""The project's commands: `kedro run`, ending a foreseeable failure in one clear message, and
`kedro lifecycle`."""

from __future__ import annotations

import os
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.commands.package import package
from nli_lifecycle.errors import explain
from nli_lifecycle.job_run import this_task

#: Output of a pipeline whose command ends with a code of its own, as monitoring's does.
EXIT_CODE = "exit_code"


@click.group(name="nli-lifecycle")
def cli() -> None:
    """Commands of nli-lifecycle."""


JOB_OPTIONS = [
    click.Option(["--job-run"], envvar="NLI_JOB_RUN", help="id of the job's run this is part of"),
    click.Option(["--job-task"], envvar="NLI_JOB_TASK", help="which of the job's tasks this is"),
]


def _run(job_run: str | None, job_task: str | None, **options: Any) -> Any:
    assert kedro_run.callback is not None
    task = {"NLI_JOB_RUN": job_run, "NLI_JOB_TASK": job_task}
    os.environ.update({name: value for name, value in task.items() if value is not None})
    try:
        this_task()  # refused here, before a run is opened
        outputs = kedro_run.callback(**options)
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        raise click.ClickException(message) from error
    if EXIT_CODE in outputs and (code := outputs[EXIT_CODE].load()):
        raise click.exceptions.Exit(code)  # the run has succeeded; what it found has not
    return outputs


# Module-level name: a packaged project's entry point looks the command up here.
run = click.Command(
    "run", callback=_run, params=[*kedro_run.params, *JOB_OPTIONS], help=kedro_run.help
)
cli.add_command(run)
cli.add_command(lifecycle)
cli.add_command(package)
