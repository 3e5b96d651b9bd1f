"""`replay`: what a run was made of, what differs now, the command that repeats it; or repeat it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nli_lifecycle.commands.options import explained, say
from nli_lifecycle.commands.places import Place, PlaceError, find_places

if TYPE_CHECKING:
    from nli_lifecycle.commands.replay.account import Account
    from nli_lifecycle.replay.runs import FoundRun


@click.command()
@click.argument("run_id")
@click.option("--run", "execute", is_flag=True, help="run it again, in this checkout")
@click.option("--anyway", is_flag=True, help="with --run: although it cannot be exactly the same")
@click.option("--env", help="its environment; none: all tracking stores are asked")
@click.option("--conf-source", help="configuration folder or archive; none: the run's own")
@click.option("--json", "as_json", is_flag=True, help="answer in JSON; not with --run")
@explained
def replay(
    run_id: str,
    execute: bool,
    anyway: bool,
    env: str | None,
    conf_source: str | None,
    as_json: bool,
) -> None:
    """What a run was made of, what differs now, and how to run it again."""
    from nli_lifecycle.commands.replay.printing import print_account, print_run
    from nli_lifecycle.commands.replay.account import account_for, describe

    if execute and as_json:
        raise click.UsageError("--json cannot be used with --run: the run itself prints.")
    places = _places(env, conf_source)
    run = _find(run_id, places)
    place = _place_of(run, places)
    account = account_for(run, run.record, place, bool(conf_source)) if run.record else None
    if as_json:
        say(describe(run, run.record) | (_today(account) if account else {}))
    else:
        print_run(run, describe(run, run.record))
        if account:
            print_account(account)
    _require_whole(run, anyway)
    if execute and account:
        _run(account, anyway)


def _run(account: Account, anyway: bool) -> None:
    from nli_lifecycle.commands.replay.again import check, compare, run_again
    from nli_lifecycle.replay.runs import RunError

    if not anyway:
        check(account)
    again = run_again(account)
    lines = compare(account.run, again)
    click.echo(f"Run {again.run_id} repeated run {account.run.run_id}:")
    for line in lines or ["Neither data version nor training key nor digest was recorded."]:
        click.echo(f"  {line}")
    if any(" differs: " in line for line in lines) and not anyway:
        raise RunError("The replay did not make the same.")


def _today(account: Account) -> dict[str, object]:
    return {
        "differences": list(account.differs),
        "pass": account.passed,
        "secrets": {change.name: change.variable for change in account.secrets},
        "checkout": account.checkout,
        "replay": account.command,
    }


def _require_whole(run: FoundRun, anyway: bool) -> None:
    """Refuse what cannot be repeated exactly because too little is known of it."""
    from nli_lifecycle.replay.runs import RunError

    if run.record is None:
        raise RunError(
            f"Run {run.run_id} recorded no {_record_name()}: it is older than that, or ended "
            "before. Missing are the pipelines, the parameters with their types, library versions "
            "and the hash of the code; what there is stands above."
        )
    if run.status == "RUNNING" and not anyway:
        raise RunError(
            f"Run {run.run_id} never said how it ended: it is under way, or its process was "
            "killed. To repeat it all the same: --run --anyway."
        )


def _record_name() -> str:
    from nli_lifecycle.replay.record import RECORD

    return RECORD


def _places(env: str | None, conf_source: str | None) -> list[Place]:
    from kedro.utils import find_kedro_project

    if conf_source is None and find_kedro_project(Path.cwd()) is None:
        raise PlaceError(
            "There is no project here, and a run is repeated by its project. Go to its folder, or "
            "name its configuration: --conf-source <folder or archive>."
        )
    return find_places(env, None, None, None, conf_source)


def _find(run_id: str, places: list[Place]) -> FoundRun:
    from nli_lifecycle.replay.runs import find_run

    stores: dict[str, list[str]] = {}
    for place in places:
        stores.setdefault(str(place.tracking_uri), []).append(place.environment)
    return find_run(run_id, stores)


def _place_of(run: FoundRun, places: list[Place]) -> Place:
    from nli_lifecycle.replay.runs import RunError

    environment = run.tags.get("environment")
    for place in places:
        if place.environment == environment:
            return place
    asked = ", ".join(place.environment for place in places)
    if environment is None:
        raise RunError(
            f"Run {run.run_id} was not made by `kedro run` of this project: it has no tag "
            "'environment'."
        )
    raise RunError(
        f"Run {run.run_id} is one of {environment}, not of {asked}. Leave --env out, or name the "
        "configuration that has this environment: --conf-source <folder or archive>."
    )
