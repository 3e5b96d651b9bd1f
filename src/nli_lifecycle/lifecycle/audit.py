"""Audit an environment: the ledger, its mirror, the documents it names, the bytes it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from nli_lifecycle.lifecycle.decision import Decision
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import Records, read
from nli_lifecycle.lifecycle.mirror import lines_of, mirrored
from nli_lifecycle.lifecycle.overview import status
from nli_lifecycle.lifecycle.projection import located
from nli_lifecycle.lifecycle.versions import Registry, RegistryError
from nli_lifecycle.nli.bundle import BundleError
from nli_lifecycle.nli.proof import prove

KEPT = 5  # good versions, the champion among them, that must stay loadable


class AuditError(ValueError):
    """The first fault that was found."""


def verify(registry: Registry) -> Iterator[str]:
    """Check everything, one finding after the other.

    Args:
        registry: the environment's registry.

    Yields:
        A sentence per thing that is in order.

    Raises:
        AuditError: the first thing that is not.
        LedgerGone: the ledger is deleted or altered.
    """
    records = read(registry.ledger)
    if records is None:
        said = status(registry)
        if said["fault"]:
            raise AuditError(said["fault"])
        yield f"{registry.name} has no ledger yet, and no champion."
        return
    history = records.history
    yield f"Ledger: {len(history.entries)} entries, {len(records.votes)} votes, every hash right."
    said = status(registry)
    if not said["aliases_match"]:
        raise AuditError(
            said["fault"]
            or "The aliases do not follow the ledger: "
            f"`kedro lifecycle reconcile --env {registry.environment}`."
        )
    yield "Aliases: as the ledger says."
    yield from _decisions(registry, history)
    yield from _bytes(registry, history)
    yield _mirror(registry, records)


def kept_digests(history: History) -> set[str]:
    """Digests that must stay loadable: the champion, the one before it, the last good ones."""
    needed = {held.digest for held in history.good[:KEPT]}
    return needed | {held.digest for held in (history.champion, history.previous) if held}


def _mirror(registry: Registry, records: Records) -> str:
    there, lines = mirrored(registry), lines_of(records)
    for key, text in there.items():
        if lines.get(key) != text:
            raise AuditError(
                f"The tag ledger_{key} on a version of {registry.name} is not what the ledger "
                "says: one of them was altered. Compare them in the MLflow UI; if the tag is "
                "right, `kedro lifecycle reconcile --rebuild`, else delete the tag."
            )
    missing = len(lines.keys() - there.keys())
    if missing and records.history.champion:
        raise AuditError(
            f"{missing} ledger lines are not mirrored on the versions: "
            f"`kedro lifecycle reconcile --env {registry.environment}`."
        )
    return "Mirror on the versions' tags: complete, every line equal."


def _decisions(registry: Registry, history: History) -> Iterator[str]:
    found = gone = 0
    for entry in history.entries:
        if entry.decision is None or entry.run is None:
            continue
        document = registry.filed(entry.run, "decision/decision.json")
        if document is None:
            gone += 1
            continue
        try:
            digest = Decision.model_validate_json(document).content_hash()
        except ValidationError as error:
            raise AuditError(
                f"The decision document of epoch {entry.epoch} (run {entry.run}) was altered: "
                f"{error.errors()[0]['msg']}."
            ) from None
        if digest != entry.decision:
            raise AuditError(
                f"The decision document of epoch {entry.epoch} (run {entry.run}) was altered: its "
                f"hash is {digest[:12]}, the ledger says {entry.decision[:12]}."
            )
        found += 1
    if found or gone:
        lost = f"; of {gone} more the run is gone" if gone else ""
        yield f"Decision documents: {found} as the ledger says{lost}."


def _bytes(registry: Registry, history: History) -> Iterator[str]:
    needed = kept_digests(history)
    champions = {entry.after.digest: entry.after for entry in history.entries if entry.after}
    for digest, held in reversed(champions.items()):
        ref = located(registry, held, needed=False)
        if ref is None:
            if digest in needed:
                raise AuditError(
                    f"{held} is gone, and a rollback may need it. "
                    f"`kedro lifecycle reconcile --env {registry.environment}` looks for its bytes."
                )
            yield f"{held}: deleted, and too old for a rollback."
            continue
        try:
            prove(registry.fetch(ref))
        except (RegistryError, BundleError) as error:
            raise AuditError(str(error)) from error
        yield f"{ref}: every byte as registered, golden probes answered."
