"""Asking the registry: references of releases, and the ledger's entries."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from mlflow.exceptions import MlflowException

from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.monitoring.columns import UNKNOWN
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.monitoring.report import ReleaseMark
from nli_lifecycle.monitoring.state import KnownReference, MonitoringState, digests
from nli_lifecycle.pipelines.monitoring.reference import find_reference
from nli_lifecycle.pipelines.monitoring.round import Round

logger = logging.getLogger(__name__)

#: What a registry that is away, or a ledger that is damaged, raises; none stops the round.
AWAY = (MlflowException, OSError, RuntimeError, ValueError)


def ask_registry(registry: Registry, asked_by: Round, parameters: MonitoringParameters) -> Round:
    """Bring references and releases up to date; see ``find_references``."""
    state = asked_by.state
    notes: list[str] = []
    releases = state.releases
    try:
        releases = read_releases(registry)
    except AWAY as error:
        logger.warning("The ledger was not read: %s", error)
        notes.append(
            f"The ledger of {registry.name} cannot be read ({first_line(error)}): releases are "
            "shown, and compared with, as they were known last."
        )
    else:
        notes += _strangers(state, releases, registry.name)
    references: dict[str, KnownReference] = {}
    for digest in digests(state.kept):
        known = state.references.get(digest)
        if digest == UNKNOWN or (known is not None and not known.why):
            references |= {digest: known} if known else {}
            continue
        try:
            found = find_reference(registry, digest)
        except AWAY as error:
            logger.warning("The reference of %s was not found: %s", digest[:12], error)
            why = f"the registry does not answer ({first_line(error)})"
            references[digest] = known or KnownReference.unknown(why)
        else:
            references[digest] = KnownReference.of(found.reference, found.texts, found.why)
    return asked_by.changed(*notes, releases=releases, references=references)


def read_releases(registry: Registry) -> tuple[ReleaseMark, ...]:
    """The ledger's entries, oldest first; none before the first release."""
    records = read(registry.ledger)
    if records is None:
        return ()
    return tuple(
        ReleaseMark(
            epoch=entry.epoch,
            kind=entry.kind,
            version=entry.after.version if entry.after else None,
            digest=entry.after.digest if entry.after else None,
            time=datetime.fromisoformat(entry.time),
            by=entry.actor,
            reason=entry.reason,
        )
        for entry in records.history.entries
    )


def _strangers(
    state: MonitoringState, releases: tuple[ReleaseMark, ...], name: str
) -> Iterator[str]:
    """Yield who answers though the ledger never released them."""
    released = {mark.digest for mark in releases}
    seen = {window.digest: window for window in state.kept}
    for digest, window in seen.items():
        if digest not in released and digest != UNKNOWN:
            yield (
                f"Version {window.key[1]} ({digest[:12]}) of {window.key[0]} answers, but the "
                f"ledger of {name} never released it: look at what the service follows."
            )


def first_line(error: BaseException) -> str:
    """What went wrong, in a line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
