"""`kedro lifecycle …` and, in the wheel, `nli-lifecycle …`: look at releases and change them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from nli_lifecycle.commands.places import Place, find_places, only
from nli_lifecycle.errors import explain

Command = Callable[..., Any]


def located(command: Command) -> Command:
    """Give a command the options that say which registries it is about."""
    options = (
        click.option("--env", help="environment; none: all of them, where only looking"),
        click.option("--model", help="registered model, where there is no project"),
        click.option("--registry-uri", help="address of its registry; with --model"),
        click.option("--tracking-uri", help="address of its ledger, if elsewhere; with --model"),
        click.option("--conf-source", help="configuration folder or archive; none: the project's"),
        click.option("--json", "as_json", is_flag=True, help="answer in JSON"),
    )

    @wraps(command)
    def found(
        env: str | None,
        model: str | None,
        registry_uri: str | None,
        tracking_uri: str | None,
        conf_source: str | None,
        **others: Any,
    ) -> Any:
        os.environ.setdefault("DO_NOT_TRACK", "1")
        logging.getLogger("alembic").setLevel(logging.WARNING)
        try:
            places = find_places(env, model, registry_uri, tracking_uri, conf_source)
            return command(places, **others)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            raise click.ClickException(message) from error

    for option in reversed(options):
        found = option(found)
    return found


def changing(command: Command) -> Command:
    """Give a command --dry-run."""
    return click.option("--dry-run", is_flag=True, help="only say what would be done")(command)


def reason(required: bool) -> Callable[[Command], Command]:
    """Give a command --reason."""
    what = "why; kept with the entry, for ever"
    if required:  # no default at all: with one, even None, click asks for nothing
        return click.option("--reason", required=True, help=what)
    return click.option("--reason", default="", help=what)


@click.group(name="lifecycle")
def lifecycle() -> None:
    """Releases: look at them, approve, roll back, repair."""


@lifecycle.command()
@located
def status(places: list[Place], as_json: bool) -> None:
    """Champion, candidate and what is held, per environment."""
    from nli_lifecycle.commands.printing import print_status
    from nli_lifecycle.lifecycle import overview

    found = [_nothing(place) if place.empty else overview.status(place.open()) for place in places]
    if as_json:
        _say({one["environment"]: one for one in found})
    else:
        print_status(found)


@lifecycle.command()
@located
def history(places: list[Place], as_json: bool) -> None:
    """The release ledger, oldest entry first."""
    from nli_lifecycle.commands.printing import print_history
    from nli_lifecycle.lifecycle import overview

    found = {
        place.environment: [] if place.empty else overview.history(place.open()) for place in places
    }
    if as_json:
        _say(found if len(places) > 1 else next(iter(found.values())))
        return
    for environment, entries in found.items():
        print_history(environment, entries)


@lifecycle.command()
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
        _say(found)


@lifecycle.command()
@click.argument("one")
@click.argument("other")
@located
def diff(places: list[Place], one: str, other: str, as_json: bool) -> None:
    """Where two versions of an environment differ."""
    from nli_lifecycle.commands.printing import print_difference
    from nli_lifecycle.lifecycle.difference import difference

    found = difference(only(places).open(), one, other)
    if as_json:
        _say({name: list(values) for name, values in found.items()})
    else:
        print_difference((one, other), found)


@lifecycle.command()
@click.option("--version", help="the version you mean; none: whichever is held")
@reason(required=False)
@changing
@located
def approve(
    places: list[Place], version: str | None, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Approve the held candidate, as it was judged."""
    from nli_lifecycle.lifecycle import approval

    place = only(places)
    registry = place.open()
    ref, vote = approval.approve(registry, version, reason, dry_run=dry_run)
    then = f"kedro run --env {place.environment} --pipelines promotion"
    said = (
        f"{ref} would be approved by {registry.actor}."
        if vote is None
        else f"{ref} is approved by {vote}. Release it: `{then}`."
    )
    if vote and registry.tags(ref).get("author") == vote.actor:
        said += " You trained it yourself: under separation of duties this does not count."
    _done(as_json, dry_run, said, version=ref.version, digest=ref.digest, by=registry.actor)


@lifecycle.command()
@click.option("--version", help="the version; none: the candidate")
@reason(required=True)
@changing
@located
def reject(
    places: list[Place], version: str | None, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Reject a version's bytes for good."""
    from nli_lifecycle.lifecycle import approval

    registry = only(places).open()
    ref, vote = approval.reject(registry, version, reason, dry_run=dry_run)
    said = f"{ref} {'would be' if vote is None else 'is'} rejected by {vote or registry.actor}."
    _done(as_json, dry_run, said, version=ref.version, digest=ref.digest, by=registry.actor)


@lifecycle.command()
@click.option("--to", help="version or digest of an earlier champion; none: the last good one")
@reason(required=True)
@changing
@located
def rollback(
    places: list[Place], to: str | None, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Make an earlier champion the champion again."""
    from nli_lifecycle.lifecycle import moves

    registry = only(places).open()
    ref, entry = moves.rollback(registry, reason, to, dry_run=dry_run)
    said = (
        f"{ref} would be champion of {registry.environment} again; its bytes are as registered."
        if entry is None
        else f"{ref} is champion of {registry.environment} again, at epoch {entry.epoch}."
    )
    epoch = entry.epoch if entry else None
    _done(as_json, dry_run, said, version=ref.version, digest=ref.digest, epoch=epoch)


@lifecycle.command()
@reason(required=True)
@changing
@located
def freeze(places: list[Place], reason: str, dry_run: bool, as_json: bool) -> None:
    """Hold every release until unfreeze; a rollback stays possible."""
    from nli_lifecycle.lifecycle import moves

    registry = only(places).open()
    entry = moves.freeze(registry, reason, dry_run=dry_run)
    said = f"{registry.environment} {'is' if entry else 'would be'} frozen: nothing is released."
    _done(as_json, dry_run, said, epoch=entry.epoch if entry else None)


@lifecycle.command()
@reason(required=False)
@changing
@located
def unfreeze(places: list[Place], reason: str, dry_run: bool, as_json: bool) -> None:
    """Let releases go on."""
    from nli_lifecycle.lifecycle import moves

    registry = only(places).open()
    entry = moves.unfreeze(registry, reason, dry_run=dry_run)
    said = f"{registry.environment} {'is' if entry else 'would be'} free to release again."
    _done(as_json, dry_run, said, epoch=entry.epoch if entry else None)


@lifecycle.command()
@click.option("--rebuild", is_flag=True, help="restore a deleted or damaged ledger")
@click.option("--adopt", is_flag=True, help="begin a ledger with the champion that is there")
@click.option(
    "--manual-moves",
    type=click.Choice(["restore", "adopt"]),
    default="restore",
    show_default=True,
    help="an alias moved by hand: set it back, or take over what it points at",
)
@reason(required=False)
@changing
@located
def reconcile(
    places: list[Place],
    rebuild: bool,
    adopt: bool,
    manual_moves: Any,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring aliases and tags back to what the ledger says; repair the ledger itself."""
    from nli_lifecycle.lifecycle import overview
    from nli_lifecycle.lifecycle import reconcile as repair

    place = only(places)
    registry = place.open()
    if dry_run:
        found = overview.status(registry)
        said = found["fault"] or (
            "Everything is in order." if found["aliases_match"] else "Aliases would be set back."
        )
        _done(as_json, dry_run, said)
        return
    if rebuild:
        done = repair.rebuild(registry)
    elif adopt:
        done = repair.adopt(registry, reason)
    else:
        done = repair.reconcile(registry, manual_moves)
    _done(as_json, dry_run, " ".join(done) or "Everything was in order.", done=done)


@lifecycle.command()
@click.option("--version", help="only this one; none: all that nothing needs")
@changing
@located
def prune(places: list[Place], version: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete versions that were never released and that no alias names."""
    from nli_lifecycle.lifecycle.pruning import prune as delete

    found = delete(only(places).open(), version, dry_run=dry_run)
    verb = "would be deleted" if dry_run else "deleted"
    said = f"{len(found)} {verb}{': ' + ', '.join(found) if found else ''}."
    _done(as_json, dry_run, said, versions=found)


@lifecycle.command()
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
        _say(answers)
    if failed:
        raise click.exceptions.Exit(1)


@lifecycle.command()
@click.option("--until", help="last environment to carry to; none: the last there is")
@changing
@located
def advance(places: list[Place], until: str | None, dry_run: bool, as_json: bool) -> None:
    """Carry new champions downstream, from dev to staging to prod, as far as policy lets."""
    from nli_lifecycle.commands.advance import carry_on

    steps = carry_on(places, until, dry_run=dry_run)
    said = "\n".join(f"{step['environment']}: {step['said']}" for step in steps)
    _done(as_json, dry_run, said or "There is nothing to carry on.", steps=steps)


def _nothing(place: Place) -> dict[str, Any]:
    return {
        "environment": place.environment,
        "model": place.model,
        "aliases_match": True,
        **dict.fromkeys(("epoch", "champion", "previous", "candidate", "held", "frozen", "fault")),
    }


def _done(as_json: bool, dry_run: bool, said: str, **facts: Any) -> None:
    if as_json:
        _say({"dry_run": dry_run, "said": said, **facts})
    else:
        click.echo(said)


def _say(found: Any) -> None:
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))
