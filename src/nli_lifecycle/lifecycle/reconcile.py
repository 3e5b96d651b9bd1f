"""Repair: aliases and mirror, a deleted champion, a deleted or damaged ledger."""

from __future__ import annotations

from nli_lifecycle.lifecycle.audit import kept_digests
from nli_lifecycle.lifecycle.ledger.entry import Held, LedgerError, LedgerGone
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import Records, append, bootstrap, read
from nli_lifecycle.lifecycle.mirror import lines_of, mirrored, restored
from nli_lifecycle.lifecycle.moves import MoveError
from nli_lifecycle.lifecycle.projection import project
from nli_lifecycle.lifecycle.settling import ManualMoves, settle
from nli_lifecycle.lifecycle.versions import CHAMPION, Registry
from nli_lifecycle.nli.proof import prove


def reconcile(registry: Registry, manual_moves: ManualMoves = "restore") -> list[str]:
    """Bring aliases, tags and the champion's version back to what the ledger says.

    Returns:
        What was done, one sentence each; empty where everything was in order.

    Raises:
        LedgerGone: the ledger itself needs ``rebuild``.
        RegistryError: the champion's bytes are gone.
    """
    done: list[str] = []
    before = read(registry.ledger)
    if before:
        done += _revive(registry, before.history)
    missing = lines_of(before).keys() - mirrored(registry).keys() if before else set()
    aliases = registry.aliases()
    records = settle(registry, manual_moves)
    if before and records.history.epoch != before.history.epoch:
        entry = records.history.head
        done.append(f"Epoch {entry.epoch}: {entry.kind}, because {entry.reason}.")
    elif registry.aliases() != aliases:
        done.append("Aliases lagged behind the ledger; they follow it again.")
    if missing and records.history.champion:
        done.append(f"{len(missing)} ledger lines were missing on the versions; written.")
    return done


def _revive(registry: Registry, history: History) -> list[str]:
    """Make versions again of what a rollback may need and somebody deleted."""
    done = []
    there = {ref.digest for ref in registry.versions()}
    for digest in sorted(kept_digests(history) - there):
        if revived := registry.revive(digest):
            done.append(f"The version of {digest[:12]} was gone; its bytes are {revived} now.")
    if done:
        project(registry)
    return done


def rebuild(registry: Registry) -> list[str]:
    """Restore a deleted or damaged ledger from its mirror on the versions.

    Raises:
        MoveError: the ledger is whole.
        LedgerGone: the mirror lacks a line, or nothing is left of it.
    """
    try:
        whole = read(registry.ledger)
    except LedgerGone:
        whole = None
    if whole is not None and lines_of(whole) == _mirrored_or_own(registry, whole):
        raise MoveError(f"The ledger of {registry.name} is whole: there is nothing to rebuild.")
    records = restored(registry)
    registry.ledger.replace(lines_of(records))
    project(registry)
    return [
        f"Ledger restored from the versions' tags: {len(records.history.entries)} entries, "
        f"{len(records.votes)} votes."
    ]


def adopt(registry: Registry, reason: str) -> list[str]:
    """Begin a ledger for a champion that was set before there was one.

    Raises:
        MoveError: there is a ledger, or something to restore it from, or no champion.
        RegistryError: the champion's bytes are gone or damaged.
    """
    gone, records = False, None
    try:
        records = read(registry.ledger)
    except LedgerGone:
        gone = True
    if records is not None and records.history.champion is not None:
        raise MoveError(
            f"{registry.name} has a ledger, with a champion. What a person moved by hand is taken "
            "over by `kedro lifecycle reconcile --manual-moves adopt`."
        )
    if mirrored(registry):
        raise MoveError(
            f"The versions of {registry.name} carry ledger lines: "
            "restore them with `kedro lifecycle reconcile --rebuild`."
        )
    champion = registry.alias(CHAMPION)
    if champion is None:
        raise MoveError(f"{registry.name} has no alias champion to adopt.")
    prove(registry.fetch(champion))
    if records is None:
        if gone:
            registry.ledger.replace({})
        bootstrap(registry.ledger, registry.actor)
        records = read(registry.ledger)
    assert records is not None
    entry = append(
        *(registry.ledger, records.history, "adopt"),
        champion=Held.of(champion),
        actor=registry.actor,
        reason=reason or "champion from before the ledger",
    )
    if entry is None:
        raise LedgerError(f"Another process changed {registry.name} first. Try again.")
    project(registry)
    return [f"A ledger begins with {champion} as champion."]


def _mirrored_or_own(registry: Registry, whole: Records) -> dict[str, str]:
    """The ledger's lines as the mirror has them; those not mirrored yet, as the ledger has them."""
    return {**lines_of(whole), **mirrored(registry)}
