"""Commands that change something: releases, approvals, repairs."""

from __future__ import annotations

from typing import Any

import click

from nli_lifecycle.commands.options import changing, done, located, reason
from nli_lifecycle.commands.places import Place, only


@click.command()
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
        said += " You trained it yourself: where the policy says not_by_author, it does not count."
    done(as_json, dry_run, said, version=ref.version, digest=ref.digest, by=registry.actor)


@click.command()
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
    done(as_json, dry_run, said, version=ref.version, digest=ref.digest, by=registry.actor)


@click.command()
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
    done(as_json, dry_run, said, version=ref.version, digest=ref.digest, epoch=epoch)


@click.command()
@reason(required=True)
@changing
@located
def freeze(places: list[Place], reason: str, dry_run: bool, as_json: bool) -> None:
    """Hold every release until unfreeze; a rollback stays possible."""
    from nli_lifecycle.lifecycle import moves

    registry = only(places).open()
    entry = moves.freeze(registry, reason, dry_run=dry_run)
    said = f"{registry.environment} {'is' if entry else 'would be'} frozen: nothing is released."
    done(as_json, dry_run, said, epoch=entry.epoch if entry else None)


@click.command()
@reason(required=False)
@changing
@located
def unfreeze(places: list[Place], reason: str, dry_run: bool, as_json: bool) -> None:
    """Let releases go on."""
    from nli_lifecycle.lifecycle import moves

    registry = only(places).open()
    entry = moves.unfreeze(registry, reason, dry_run=dry_run)
    said = f"{registry.environment} {'is' if entry else 'would be'} free to release again."
    done(as_json, dry_run, said, epoch=entry.epoch if entry else None)


@click.command()
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
        done(as_json, dry_run, said)
        return
    if rebuild:
        repaired = repair.rebuild(registry)
    elif adopt:
        repaired = repair.adopt(registry, reason)
    else:
        repaired = repair.reconcile(registry, manual_moves)
    done(as_json, dry_run, " ".join(repaired) or "Everything was in order.", done=repaired)


@click.command()
@click.option("--version", help="only this one; none: all that nothing needs")
@changing
@located
def prune(places: list[Place], version: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete versions that were never released and that no alias names."""
    from nli_lifecycle.lifecycle.pruning import prune as delete

    found = delete(only(places).open(), version, dry_run=dry_run)
    verb = "would be deleted" if dry_run else "deleted"
    said = f"{len(found)} {verb}{': ' + ', '.join(found) if found else ''}."
    done(as_json, dry_run, said, versions=found)


@click.command()
@click.option("--until", help="last environment to carry to; none: the last there is")
@changing
@located
def advance(places: list[Place], until: str | None, dry_run: bool, as_json: bool) -> None:
    """Carry new champions downstream, from dev to staging to prod, as far as policy lets."""
    from nli_lifecycle.commands.advance import carry_on

    steps = carry_on(places, until, dry_run=dry_run)
    said = "\n".join(f"{step['environment']}: {step['said']}" for step in steps)
    done(as_json, dry_run, said or "There is nothing to carry on.", steps=steps)
