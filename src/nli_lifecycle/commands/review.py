"""`kedro lifecycle review …`: write the sheet that people label, take it in, see the progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nli_lifecycle.commands.options import changing, located, say
from nli_lifecycle.commands.places import Place, only

if TYPE_CHECKING:
    from nli_lifecycle.review.importing import Account

#: Rows set aside that are printed; --json has them all.
SHOWN = 20


@click.group(name="review")
def review() -> None:
    """Pairs that people label: write the sheet, take it in, see how far they are."""


@review.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--reviewer", default="", help="for whom: without the pairs they labelled already")
@click.option("--show-answers", is_flag=True, help="with reason and answers, which sways people")
@located
def export(
    places: list[Place], file: Path, reviewer: str, show_answers: bool, as_json: bool
) -> None:
    """Write what is still open of the last queue to FILE, .csv or .jsonl."""
    from nli_lifecycle.commands.review_desk import open_desk

    desk = open_desk(only(places))
    rows = desk.write_sheet(file, reviewer, show_answers or desk.parameters.show_answers)
    if as_json:
        say({"file": str(file), "rows": rows})
    else:
        click.echo(f"{rows:,} open pairs written to {file}.")


@review.command(name="import")
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--feedback", is_flag=True, help="take in what came by the service's /feedback")
@click.option("--reviewer", default="", help="who labelled the rows that do not say it")
@changing
@located
def take_in(
    places: list[Place],
    files: Sequence[Path],
    feedback: bool,
    reviewer: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take labelled sheets in. Every row is accounted for; a sheet may come twice."""
    from nli_lifecycle.commands.review_desk import open_desk

    if not files and not feedback:
        raise click.UsageError("Say what to take in: FILE, or --feedback.")
    desk = open_desk(only(places))
    accounts = {str(file): desk.take_sheet(file, reviewer, dry_run) for file in files}
    if feedback:
        accounts["feedback"] = desk.take_feedback(dry_run)
    if not dry_run:
        desk.hand_on()
    if as_json:
        say({"dry_run": dry_run, "accounts": {name: _facts(one) for name, one in accounts.items()}})
        return
    for name, account in accounts.items():
        click.echo(_said(name, account, dry_run))
        for row in account.set_aside[:SHOWN]:
            click.echo(f"  {row.place}: {row.reason}: {row.detail}")
        if len(account.set_aside) > SHOWN:
            click.echo(f"  … and {len(account.set_aside) - SHOWN:,} more: --json")


@review.command()
@located
def status(places: list[Place], as_json: bool) -> None:
    """How far the last queue is, who labelled how much, what is disputed or corrected."""
    from nli_lifecycle.commands.review_desk import open_desk

    found = {place.environment: open_desk(place).status() for place in places}
    if as_json:
        say(found)
        return
    for environment, one in found.items():
        click.echo(f"{environment}: {one['said']}")
        for name, part in one["reasons"].items():
            click.echo(f"  {name}: {part['reviewed']:,} of {part['pairs']:,} reviewed")
        for name, count in one["reviewers"].items():
            click.echo(f"  {name}: {count:,} labels")
        for pair in one["disputed"]:
            votes = ", ".join(f"{label} {count}" for label, count in pair["votes"].items())
            click.echo(f"  disputed: {pair['pair_id']}: {votes}")
        for pair in one["relabelled"]:
            click.echo(f"  {pair['pair_id']}: {pair['label']}, by reviewers {pair['reviewed']}")


def _said(name: str, account: Account, dry_run: bool) -> str:
    verb = "would be taken" if dry_run else "taken"
    return (
        f"{name}: {account.read:,} rows = {len(account.taken):,} {verb} + {account.known:,} known "
        f"+ {account.waiting:,} without a label + {len(account.set_aside):,} set aside."
    )


def _facts(account: Account) -> dict[str, Any]:
    return {
        "read": account.read,
        "taken": len(account.taken),
        "known": account.known,
        "waiting": account.waiting,
        "set_aside": [row._asdict() for row in account.set_aside],
    }
