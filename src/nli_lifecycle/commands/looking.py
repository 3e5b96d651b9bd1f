"""Commands that look and change nothing."""

from __future__ import annotations

from typing import Any

import click

from nli_lifecycle.commands.options import located, say
from nli_lifecycle.commands.places import Place, only


@click.command()
@located
def status(places: list[Place], as_json: bool) -> None:
    """Champion, candidate and what is held, per environment."""
    from nli_lifecycle.commands.printing import print_status
    from nli_lifecycle.lifecycle import overview

    found = [_nothing(place) if place.empty else overview.status(place.open()) for place in places]
    if as_json:
        say({one["environment"]: one for one in found})
    else:
        print_status(found)


@click.command()
@located
def history(places: list[Place], as_json: bool) -> None:
    """The release ledger, oldest entry first."""
    from nli_lifecycle.commands.printing import print_history
    from nli_lifecycle.lifecycle import overview

    found = {
        place.environment: [] if place.empty else overview.history(place.open()) for place in places
    }
    if as_json:
        say(found if len(places) > 1 else next(iter(found.values())))
        return
    for environment, entries in found.items():
        print_history(environment, entries)


@click.command()
@located
def verify(places: list[Place], as_json: bool) -> None:
    """Check ledgers, mirrors, decision documents and bytes; stops at the first fault."""
    from nli_lifecycle.lifecycle.audit import verify as audit

    found: dict[str, list[str]] = {}
    for place in places:
        found[place.environment] = []
        for finding in () if place.empty else audit(place.open()):
            found[place.environment].append(finding)
            if not as_json:
                click.echo(f"{place.environment}: {finding}")
    if as_json:
        say(found)


@click.command()
@click.argument("one")
@click.argument("other")
@located
def diff(places: list[Place], one: str, other: str, as_json: bool) -> None:
    """Where two versions of an environment differ."""
    from nli_lifecycle.commands.printing import print_difference
    from nli_lifecycle.lifecycle.difference import difference

    found = difference(only(places).open(), one, other)
    if as_json:
        say({name: list(values) for name, values in found.items()})
    else:
        print_difference((one, other), found)


@click.command()
@located
def doctor(places: list[Place], as_json: bool) -> None:
    """Check everything a run needs, and say how to mend what is wrong."""
    from nli_lifecycle.commands.doctor import examine

    failed = False
    answers: dict[str, list[dict[str, Any]]] = {}
    for place in places:
        answers[place.environment] = []
        for finding in examine(place):
            failed = failed or not finding.fine
            answers[place.environment].append(
                {"check": finding.check, "fine": finding.fine, "said": finding.said}
            )
            if not as_json:
                mark = click.style("✓", "green") if finding.fine else click.style("✗", "red")
                click.echo(f"{mark} {place.environment} · {finding.check}: {finding.said}")
    if as_json:
        say(answers)
    if failed:
        raise click.exceptions.Exit(1)


def _nothing(place: Place) -> dict[str, Any]:
    return {
        "environment": place.environment,
        "model": place.model,
        "aliases_match": True,
        **dict.fromkeys(("epoch", "champion", "previous", "candidate", "held", "frozen", "fault")),
    }
