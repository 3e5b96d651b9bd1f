"""Admission: whether a version that somebody else names is the one that may be judged now.

A platform that begins a job for every new version, as Unity Catalog's deployment jobs do, names a
model and a number. The gate judges this environment's candidate and nothing else, so that the two
are compared before it begins.
"""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.ledger.votes import rejection
from nli_lifecycle.lifecycle.versions import CANDIDATE, Registry

#: Decisions that stand. One that is held is judged again, because an approval may have come.
FINAL = ("promote", "reject", "superseded")


class AdmissionError(ValueError):
    """The version named is none that may be judged now; the message says why and what to do."""


def admit(registry: Registry, model: str, version: str) -> ModelRef:
    """Check that a version is this environment's candidate and undecided; nothing is changed.

    Args:
        registry: the environment's registry.
        model: the registered model that was named.
        version: the number that was named.

    Returns:
        The candidate.

    Raises:
        AdmissionError: another model, no such version of ours, not the candidate, or decided.
        LedgerError: the ledger cannot be read.
    """
    if model != registry.name:
        raise AdmissionError(
            f"Named was a version of {model or 'no model'}, and {registry.environment} judges "
            f"{registry.name}. Connect this job to that model only."
        )
    ref = next((one for one in registry.versions() if one.version == version), None)
    if ref is None:
        raise AdmissionError(
            f"{model} has no version {version or '(none named)'} that was registered here. What "
            "is judged comes in by training or intake: "
            f"`kedro run --env {registry.environment}`."
        )
    candidate = registry.alias(CANDIDATE)
    if candidate != ref:
        raise AdmissionError(
            f"{ref} is not the candidate of {registry.environment}: that is "
            f"{candidate or 'nobody'}. A version becomes the candidate when training or intake "
            "has registered it."
        )
    if decided := _decided(registry, ref):
        raise AdmissionError(
            f"{ref} was decided already: {decided}. Nothing is judged twice; look at it: "
            f"`kedro lifecycle status --env {registry.environment}`."
        )
    return ref


def _decided(registry: Registry, ref: ModelRef) -> str | None:
    """What stands against judging it; the ledger's word comes before the tag's."""
    if records := read(registry.ledger):
        champion = records.history.champion
        if champion and champion.digest == ref.digest:
            return "it is the champion"
        if said := rejection(records.votes, ref.digest):
            return f"rejected by {said}"
    decision = registry.tags(ref).get("decision")
    return decision if decision in FINAL else None
