"""Entry point for jobs: `nli-job --env=prod --conf-source=conf.tar.gz`, as a wheel task calls it.

Databricks looks the entry point up in the wheel's metadata and calls it in a process whose
``sys.argv`` holds the task's parameters. So it returns when the work is done, raises when it is
not, and prints what a log file can hold. A word is a command of `kedro lifecycle`, an option one of
`kedro run`, as for `nli-lifecycle`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

#: What a process without a terminal and without anybody watching needs; a user's own values win.
VARIABLES = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "TQDM_DISABLE": "1",
    "KEDRO_LOGGING_CONFIG": str(Path(__file__).with_name("job_logging.yml")),
}
#: Options of our own, for platforms on which a task cannot set environment variables.
PLACES = {
    "home": ("NLI_HOME", "Folder of data and embedded stores."),
    "tracking_uri": ("MLFLOW_TRACKING_URI", "MLflow's tracking server."),
    "registry_uri": ("MLFLOW_REGISTRY_URI", "MLflow's model registry."),
}


class JobError(RuntimeError):
    """The job did not do what it was asked to; the message says why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run pipelines, or one of `kedro lifecycle`'s commands.

    Args:
        arguments: what stands after the program's name; None: ``sys.argv``.

    Raises:
        JobError: a wrong option, a foreseeable failure, an interruption, a non-zero exit code.
        Exception: a defect, as it was raised.
    """
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)
    words = list(sys.argv[1:] if arguments is None else arguments)
    words = [re.sub(r"\bdbfs:(?=/Volumes/)", "", word) for word in words]
    try:
        code = _command(words).main(words, prog_name="nli-job", standalone_mode=False)
    except click.Abort as error:
        raise JobError("Interrupted.") from error
    except click.ClickException as error:
        raise JobError(error.format_message()) from error
    except SystemExit as end:
        code = end.code
    if isinstance(code, (int, str)) and code:  # a run's own result is a map
        raise JobError(f"Ended with {code}.")


def _command(words: Sequence[str]) -> click.Command:
    if words and not words[0].startswith("-"):
        from nli_lifecycle.commands.lifecycle import lifecycle

        return lifecycle
    from kedro.framework.project import LOGGING, configure_project

    from nli_lifecycle.cli import run as kedro_run

    LOGGING.configure(_plain_logging())  # Kedro may be there already, with its own
    configure_project(Path(__file__).parent.name)

    def run(**options: Any) -> Any:
        for option, (variable, _) in PLACES.items():
            if value := options.pop(option):
                os.environ[variable] = value
        if not options["conf_source"] and not Path("conf").is_dir():
            raise click.UsageError(
                f"There is no configuration in {Path.cwd()}. Say where it is: "
                "--conf-source=<the folder, or the archive that was built with the wheel>."
            )
        assert kedro_run.callback is not None
        return kedro_run.callback(**options)

    places = [
        click.Option([f"--{option.replace('_', '-')}"], help=f"{meaning} Sets {variable}.")
        for option, (variable, meaning) in PLACES.items()
    ]
    return click.Command("run", callback=run, params=[*places, *kedro_run.params])


def _plain_logging() -> Any:
    import yaml

    return yaml.safe_load(Path(os.environ["KEDRO_LOGGING_CONFIG"]).read_text())


if __name__ == "__main__":
    main()
