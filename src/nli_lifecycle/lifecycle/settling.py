"""Settling: begin a ledger, finish what a dead process left half done, notice what people moved.

A living process corrects an alias that it set late within a moment, so that whoever finds alias and
ledger apart looks twice before saying that a person moved it.
"""

from __future__ import annotations

import logging
import time
from typing import Literal

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Held, LedgerError, LedgerGone
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import (
    ENTRY,
    Records,
    append,
    bootstrap,
    line_key,
    read,
)
from nli_lifecycle.lifecycle.mirror import PREFIX, mirrored
from nli_lifecycle.lifecycle.projection import (
    ATTEMPTS,
    PROJECTION,
    check_mirror,
    located,
    moved_on,
    project,
)
from nli_lifecycle.lifecycle.versions import CHAMPION, Registry, RegistryError
from nli_lifecycle.nli.bundle import BundleError
from nli_lifecycle.nli.proof import prove

logger = logging.getLogger(__name__)

ManualMoves = Literal["restore", "adopt"]
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
        if moved_on(registry, history):
            continue
        if suspected != (history.epoch, pointed):
            suspected = history.epoch, pointed
            time.sleep(PATIENCE)
            continue
        if _record_manual_move(registry, history, pointed, manual_moves):
            return project(registry)
    raise LedgerError(f"Others change {registry.name} all the time. Try again.")


def look(registry: Registry) -> Records:
    """Read the ledger and repair nothing: for dry runs.

    Raises:
        LedgerError: there is none.
    """
    records = read(registry.ledger)
    if records is None:
        raise LedgerError(f"{registry.name} has no ledger yet: nothing was released or judged.")
    return records


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


def _finished(registry: Registry, champion: ModelRef, history: History) -> bool:
    """Whether the last entry's projection was completed once."""
    return PREFIX + line_key(ENTRY, history.epoch) in registry.tags(champion)


def _late(registry: Registry, pointed: str | None) -> bool:
    """Whether the alias was set by a process that died before it looked again."""
    ref = _version(registry, pointed)
    return ref is not None and registry.tags(ref).get(PROJECTION) == "pending"


def _version(registry: Registry, number: str | None) -> ModelRef | None:
    return next((ref for ref in registry.versions() if ref.version == number), None)


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
