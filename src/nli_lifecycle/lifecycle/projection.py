"""Projection: aliases and tags follow the ledger's head.

Aliases have no compare-and-swap. A process may set one late, after another has gone on; it reads
the ledger again afterwards and repeats until the two agree. Should it die in between, the mark
``projection`` on the version tells its late write from a person's.
"""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, LedgerError, LedgerGone
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import ENTRY, Records, line_key, read
from nli_lifecycle.lifecycle.mirror import PREFIX, mirror
from nli_lifecycle.lifecycle.versions import (
    CHAMPION,
    PREVIOUS,
    Registry,
    RegistryError,
)

PROJECTION = "projection"  # tag: 'pending' while aliases are moved to the version, then 'done'
ATTEMPTS = 20


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
        if not moved_on(registry, history):
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


def _read(registry: Registry) -> Records:
    records = read(registry.ledger)
    if records is None:
        raise LedgerGone(f"The ledger of {registry.name} is gone.")
    return records


def moved_on(registry: Registry, history: History) -> bool:
    """Whether anything was committed since a history was read."""
    return _read(registry).history.epoch != history.epoch


def _point(registry: Registry, champion: ModelRef, previous: ModelRef | None) -> None:
    aliases = registry.aliases()
    if previous is not None and aliases.get(PREVIOUS) != previous.version:
        registry.point(PREVIOUS, previous)
    if aliases.get(CHAMPION) != champion.version:
        registry.tag(champion, {PROJECTION: "pending"})
        registry.point(CHAMPION, champion)
