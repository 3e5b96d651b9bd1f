"""What people do to a champion: roll back, freeze, unfreeze. Each is one ledger entry."""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, Kind, LedgerError
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import Records, append, cast
from nli_lifecycle.lifecycle.ledger.votes import rejection
from nli_lifecycle.lifecycle.projection import located, project_committed
from nli_lifecycle.lifecycle.settling import look, settle
from nli_lifecycle.lifecycle.versions import Registry, RegistryError
from nli_lifecycle.nli.proof import prove


class MoveError(ValueError):
    """A move that cannot be made as asked; the message says why and what to do."""


class Overtaken(LedgerError):
    """Another process committed first; nothing was done. Whoever still wants it may try again."""


def rollback(
    registry: Registry,
    reason: str,
    to: str | None = None,
    *,
    of: str | None = None,
    dry_run: bool = False,
) -> tuple[ModelRef, Entry | None]:
    """Make an earlier champion the champion again. No quality rule is asked, integrity always is.

    Allowed while releases are frozen: that is when it is needed.

    Args:
        registry: the environment's registry.
        reason: why; kept in the ledger.
        to: version number, or the digest's first 6 digits or more; None: the last good one, which
            is the champion before this one that nobody rolled back from.
        of: digest that must still be champion when the entry is committed; None: whoever is.
        dry_run: only check.

    Returns:
        The target, and the entry; None in place of the entry for a dry run.

    Raises:
        MoveError: there is no such earlier champion, or a person rejected it; or another one than
            ``of`` is champion.
        Overtaken: another process committed first.
        RegistryError: its bytes are gone or damaged.
        BundleError: it does not answer as it was sealed.
    """
    _say_why(reason, "a rollback")
    records = look(registry) if dry_run else _settled(registry)
    champion = records.history.champion
    if of is not None and (champion is None or champion.digest != of):
        raise MoveError(
            f"{of[:12]} is not the champion of {registry.environment} any more, which is "
            f"{champion or 'nobody'}: nothing was rolled back."
        )
    target = _target(registry, records, to)
    prove(registry.fetch(target))
    if dry_run or champion is None:
        return target, None
    # Before the commit: whoever approved the champion did not know what is known now.
    _void_approvals(registry, records, champion, "rolled back from")
    return target, _commit(registry, records.history, "rollback", Held.of(target), reason)


def freeze(
    registry: Registry, reason: str, *, again: bool = False, dry_run: bool = False
) -> Entry | None:
    """Hold every release until ``unfreeze``.

    Args:
        registry: the environment's registry.
        reason: why; kept in the ledger.
        again: add a freeze of one's own to one that is in force.
        dry_run: only check.

    Raises:
        MoveError: releases are frozen already.
        Overtaken: another process committed first.
    """
    _say_why(reason, "a freeze")
    history = (look(registry) if dry_run else settle(registry)).history
    if history.freeze and not again:
        raise MoveError(
            f"{registry.environment} is frozen already, by {history.freeze.actor}: "
            f"{history.freeze.reason}."
        )
    return None if dry_run else _commit(registry, history, "freeze", history.champion, reason)


def unfreeze(registry: Registry, reason: str, *, dry_run: bool = False) -> Entry | None:
    """Let releases go on.

    Raises:
        MoveError: releases are not frozen.
    """
    history = (look(registry) if dry_run else settle(registry)).history
    if not history.freeze:
        raise MoveError(f"{registry.environment} is not frozen.")
    return None if dry_run else _commit(registry, history, "unfreeze", history.champion, reason)


def _settled(registry: Registry) -> Records:
    """Settle; a champion whose version is gone is no obstacle to rolling back from it."""
    try:
        return settle(registry)
    except RegistryError:
        return look(registry)


def _say_why(reason: str, what: str) -> None:
    if not reason.strip():
        raise MoveError(f'Say why: {what} asks for --reason "…". It is kept in the ledger.')


def _target(registry: Registry, records: Records, asked: str | None) -> ModelRef:
    history = records.history
    champion = history.champion
    if champion is None:
        raise MoveError(f"{registry.environment} has no champion to roll back from.")
    if asked is None:
        good = [held for held in history.good[1:] if rejection(records.votes, held.digest) is None]
        if not good:
            raise MoveError(
                f"{registry.environment} has no earlier good champion. Name one of "
                f"`kedro lifecycle history --env {registry.environment}` with --to."
            )
        held = good[0]
    else:
        held = _named(registry, history, asked)
    if held.digest == champion.digest:
        raise MoveError(f"{registry.environment}'s champion is {champion} already.")
    if said := rejection(records.votes, held.digest):
        raise MoveError(f"{held} was rejected by {said}. That is final for these bytes.")
    target = located(registry, held, needed=False) or registry.revive(held.digest)
    if target is None:
        raise MoveError(
            f"{held} was champion, but its version and its bytes are gone. Name another one of "
            f"`kedro lifecycle history --env {registry.environment}` with --to."
        )
    return target


def _named(registry: Registry, history: History, asked: str) -> Held:
    champions = {entry.after.digest: entry.after for entry in history.entries if entry.after}
    found = [
        held
        for held in champions.values()
        if held.version == asked or (len(asked) >= 6 and held.digest.startswith(asked))
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(map(str, champions.values()))
    raise MoveError(
        f"'{asked}' is {'no' if not found else 'more than one'} champion of "
        f"{registry.environment}. One can roll back to what was champion before: {known}."
    )


def _void_approvals(registry: Registry, records: Records, held: Held, why: str) -> None:
    last = next((vote for vote in reversed(records.votes) if vote.digest == held.digest), None)
    if last is not None and last.kind == "approve":
        cast(
            registry.ledger,
            kind="void",
            version=held.version,
            digest=held.digest,
            actor=registry.actor,
            reason=why,
        )


def _commit(
    registry: Registry, seen: History, kind: Kind, champion: Held | None, reason: str
) -> Entry:
    entry = append(
        *(registry.ledger, seen, kind), champion=champion, actor=registry.actor, reason=reason
    )
    history = project_committed(registry, entry).history
    if entry is None:
        raise Overtaken(
            f"Another process changed {registry.name} first: it is at epoch {history.epoch} "
            f"({history.head.kind} by {history.head.actor}). Look at `kedro lifecycle status`, "
            "then decide again."
        )
    return entry
