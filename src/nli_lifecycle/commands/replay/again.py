"""Repeat a run in this checkout, and say whether the same came out."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from kedro.framework.project import configure_project
from kedro.framework.startup import bootstrap_project
from kedro.utils import find_kedro_project

from nli_lifecycle.commands.replay.account import Account
from nli_lifecycle.replay.differences import results
from nli_lifecycle.replay.overrides import nested
from nli_lifecycle.replay.record import RESULTS, replaying
from nli_lifecycle.replay.runs import FoundRun, RunError, find_run
from nli_lifecycle.session import NliSession


def check(account: Account) -> None:
    """Refuse a replay that would be another experiment.

    Raises:
        RunError: the code is another one, or a parameter cannot be made what it was.
    """
    if account.code_differs:
        first = f"`{account.checkout}` first" if account.checkout else "Install that code first"
        raise RunError(
            f"Not run, because the code is another one: {' '.join(account.code_differs)} "
            f"{first}, or add --anyway."
        )
    if account.impossible:
        raise RunError(f"Not run: {' '.join(map(str, account.impossible))} Or add --anyway.")


def run_again(account: Account) -> FoundRun:
    """Run it.

    Returns:
        The new run, which is tagged with the one it repeats.

    Raises:
        RunError: a secret is not given, or no run was recorded.
    """
    missing = [change for change in account.secrets if not os.environ.get(change.variable)]
    if missing:
        said = ", ".join(f"{change.name} in {change.variable}" for change in missing)
        raise RunError(f"Secrets are not recorded. Give them as environment variables: {said}.")
    secrets = {change.name: os.environ[change.variable] for change in account.secrets}
    if account.home:
        os.environ["NLI_HOME"] = account.home
    project = find_kedro_project(Path.cwd())
    if project:
        bootstrap_project(project)
    else:
        configure_project("nli_lifecycle")
    logging.disable(logging.NOTSET)  # commands that only look are quiet
    record = account.record
    session = NliSession.create(
        project or Path.cwd(),
        env=record.environment,
        runtime_params=nested(account.changed, secrets),
        conf_source=account.conf_source,
    )
    with replaying(account.run.run_id) as under_way, session:
        session.run(
            pipeline_names=list(record.pipelines),
            **record.selection.model_dump(exclude_defaults=True),
        )
    if under_way.run_id is None:
        raise RunError("It ran, but without MLflow tracking: there is nothing to compare.")
    return find_run(under_way.run_id, {account.run.store: [record.environment]})


def compare(was: FoundRun, now: FoundRun) -> list[str]:
    """Say of each thing that both runs made whether it is the same."""
    return results(was.tags, now.tags, RESULTS)
