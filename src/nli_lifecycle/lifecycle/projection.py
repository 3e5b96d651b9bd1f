"""Aliases and tags follow the ledger's head; what a person moved by hand is noticed and recorded.

Aliases have no compare-and-swap. A process may set one late, after another has gone on; it reads
the ledger again afterwards and repeats until the two agree, so that whoever finds them apart waits
a moment. Should it die in between, the mark ``projection`` on the version tells its late write from
a person's.
"""

from __future__ import annotations

import logging
import time
from typing import Literal

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, LedgerError, LedgerGone
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import (
    ENTRY,
    Records,
    append,
    bootstrap,
    line_key,
    read,
)
from nli_lifecycle.lifecycle.mirror import PREFIX, mirror, mirrored
from nli_lifecycle.lifecycle.versions import (
    CHAMPION,
    PREVIOUS,
    Registry,
    RegistryError,
)
from nli_lifecycle.nli.bundle import BundleError
from nli_lifecycle.nli.proof import prove

logger = logging.getLogger(__name__)

ManualMoves = Literal["restore", "adopt"]
PROJECTION = "projection"  # tag: 'pending' while aliases are moved to the version, then 'done'
ATTEMPTS = 20
#: Seconds in which a living process corrects an alias that it set late.
PATIENCE = 2.0


def settle(registry: Registry, manual_moves: ManualMoves = "restore") -> Records:
    """Bring an environment into order: begin its ledger, repair what lags, record manual moves.

    Every command that changes something begins with this, so that nothing is ever built on a
    half-finished step of another one.

    Args:
        registry: the environment's registry.
        manual_moves: what happens to an alias that a person moved: ``restore`` it, or ``adopt``
            what it points at. Either leaves an entry. While frozen, it is always restored.

    Returns:
        The ledger's records, with the aliases following them.

    Raises:
        LedgerGone: the ledger was deleted or damaged, or is missing although there is a champion.
        LedgerError: others keep on changing it.
    """
    suspected: tuple[int, str | None] | None = None
    for _ in range(ATTEMPTS):
        records = read(registry.ledger)
        if records is None:
            _begin(registry)
            continue
        history = records.history
        pointed = registry.aliases().get(CHAMPION)
        champion = located(registry, history.champion)
        if champion is None:
            if pointed is None:
                return records
        elif pointed == champion.version:
            check_mirror(registry, champion, history.head)
            return project(registry)
        elif not _finished(registry, champion, history) or _late(registry, pointed):
            return project(registry)
        if _moved_on(registry, history):
            continue
        if suspected != (history.epoch, pointed):
            suspected = history.epoch, pointed
            time.sleep(PATIENCE)
            continue
        if _record_manual_move(registry, history, pointed, manual_moves):
            return project(registry)
    raise LedgerError(f"Others change {registry.name} all the time. Try again.")


def project(registry: Registry) -> Records:
    """Make aliases and tags follow the head, and repeat until the head stands still.

    Raises:
        LedgerError: it never stands still.
        RegistryError: the champion's version is gone.
    """
    for _ in range(ATTEMPTS):
        records = _read(registry)
        history = records.history
        champion = located(registry, history.champion)
        if champion is not None:
            _point(registry, champion, located(registry, history.previous, needed=False))
        if not _moved_on(registry, history):
            break
    else:
        raise LedgerError(f"Others release {registry.name} all the time. Try again.")
    if champion is not None:
        mirror(registry, records)
        if registry.tags(champion).get(PROJECTION) != "done":
            registry.tag(champion, {PROJECTION: "done"})
    return records


def project_committed(registry: Registry, entry: Entry | None) -> Records:
    """Make the aliases follow what was just committed, or what another process did instead.

    Raises:
        LedgerError: the entry is committed, and the aliases could not be moved.
    """
    try:
        return project(registry)
    except (RegistryError, LedgerError) as error:
        if entry is None:
            raise
        raise LedgerError(
            f"Epoch {entry.epoch} ({entry.kind}) of {registry.name} is committed, but the aliases "
            f"do not follow yet: {error} `kedro lifecycle reconcile --env {registry.environment}` "
            "moves them; so does the next run."
        ) from error


def located(registry: Registry, held: Held | None, needed: bool = True) -> ModelRef | None:
    """The version that carries the bytes a ledger names.

    Args:
        registry: where to look.
        held: as the ledger names it.
        needed: whether its absence is an error.

    Raises:
        RegistryError: needed, and no version carries them.
    """
    if held is None:
        return None
    hinted = ModelRef(name=registry.name, version=held.version, digest=held.digest)
    if hinted in (versions := registry.versions()):
        return hinted
    found = next((ref for ref in versions if ref.digest == held.digest), None)
    if found is None and needed:
        raise RegistryError(
            f"{registry.name} {held} is champion by the ledger, but no version carries its bytes "
            "any more: it was deleted. Bring it back: `kedro lifecycle reconcile`; or roll back: "
            "`kedro lifecycle rollback`."
        )
    return found


def check_mirror(registry: Registry, champion: ModelRef, head: Entry) -> None:
    """Compare the head with its mirror: the chain itself cannot show that its end was altered.

    Raises:
        LedgerGone: they differ.
    """
    tag = PREFIX + line_key(ENTRY, head.epoch)
    text = registry.tags(champion).get(tag)
    if text is not None and text != head.text():
        raise LedgerGone(
            f"Entry {head.epoch} of the ledger of {registry.name} differs from its mirror, the tag "
            f"{tag} of version {champion.version}: one of them was altered. Compare them in the "
            "MLflow UI; restore with `kedro lifecycle reconcile --rebuild` if the tag is right, "
            "else delete the tag."
        )


def _begin(registry: Registry) -> None:
    """Begin a ledger, unless there must have been one."""
    if CHAMPION in registry.aliases() or mirrored(registry):
        raise LedgerGone(
            f"{registry.name} has been released before, but its ledger is not there. "
            "`kedro lifecycle doctor` says what is left; restore the ledger with "
            "`kedro lifecycle reconcile --rebuild`, or take the present champion over into a new "
            "one with `kedro lifecycle reconcile --adopt`."
        )
    bootstrap(registry.ledger, registry.actor)


def _read(registry: Registry) -> Records:
    records = read(registry.ledger)
    if records is None:
        raise LedgerGone(f"The ledger of {registry.name} is gone.")
    return records


def _moved_on(registry: Registry, history: History) -> bool:
    return _read(registry).history.epoch != history.epoch


def _finished(registry: Registry, champion: ModelRef, history: History) -> bool:
    """Whether the last entry's projection was completed once."""
    return PREFIX + line_key(ENTRY, history.epoch) in registry.tags(champion)


def _late(registry: Registry, pointed: str | None) -> bool:
    """Whether the alias was set by a process that died before it looked again."""
    ref = _version(registry, pointed)
    return ref is not None and registry.tags(ref).get(PROJECTION) == "pending"


def _version(registry: Registry, number: str | None) -> ModelRef | None:
    return next((ref for ref in registry.versions() if ref.version == number), None)


def _point(registry: Registry, champion: ModelRef, previous: ModelRef | None) -> None:
    aliases = registry.aliases()
    if previous is not None and aliases.get(PREVIOUS) != previous.version:
        registry.point(PREVIOUS, previous)
    if aliases.get(CHAMPION) != champion.version:
        registry.tag(champion, {PROJECTION: "pending"})
        registry.point(CHAMPION, champion)


def _record_manual_move(
    registry: Registry, history: History, pointed: str | None, manual_moves: ManualMoves
) -> bool:
    """Write the entry for an alias that a person moved; False where somebody was faster."""
    target = _version(registry, pointed)
    found = f"alias champion pointed at version {pointed}" if pointed else "alias champion was gone"
    if manual_moves == "adopt" and target is not None and history.freeze is None:
        try:
            prove(registry.fetch(target))
        except (RegistryError, BundleError) as error:
            found += f", which is not fit for use: {error}"
        else:
            logger.warning("%s: %s by hand; adopted.", registry.name, found)
            held = Held.of(target)
            done = append(
                *(registry.ledger, history, "adopt"),
                champion=held,
                actor=registry.actor,
                reason=f"{found}, moved by hand",
            )
            return done is not None
    if history.champion is None:
        raise LedgerError(
            f"{registry.name}: {found}, but the ledger says that nothing was ever released. Remove "
            "the alias, or adopt it: `kedro lifecycle reconcile --adopt`."
        )
    logger.warning(
        "%s: %s by hand; set back to version %s. To release, run promotion; to go back, "
        "`kedro lifecycle rollback`.",
        *(registry.name, found, history.champion.version),
    )
    done = append(
        *(registry.ledger, history, "restore"),
        champion=history.champion,
        actor=registry.actor,
        reason=f"{found}, moved by hand",
    )
    return done is not None
