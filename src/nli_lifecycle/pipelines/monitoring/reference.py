"""What a release was measured to be, found again by its digest: monitoring's reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from pydantic import ValidationError

from nli_lifecycle.lifecycle.decision import Decision
from nli_lifecycle.lifecycle.documents import Document
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.monitoring_reference import MonitoringReference
from nli_lifecycle.lifecycle.versions import Registry
from nli_lifecycle.monitoring.columns import Floats
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary

DECISION = "decision/decision.json"
EVIDENCE = "evaluation/evidence.json"
ANSWERS = "evaluation/monitoring_reference.json"

WIDTH = 6  # text features of a pair
UNREADABLE = (ValueError, TypeError, LookupError)
Filed = TypeVar("Filed", bound=Document)


@dataclass(frozen=True)
class FoundReference:
    """What is known of a release from before it answered anybody.

    Attributes:
        reference: with whatever was found.
        texts: text features of the evaluation set, shape (m, 6); None: not known.
        why: what is missing and what to do; empty: nothing is.
    """

    reference: Reference
    texts: Floats | None
    why: str = ""


def find_reference(registry: Registry, digest: str) -> FoundReference:
    """Find what was measured about these bytes in this environment.

    Asked in turn: the decision that released them, the judgement tagged on their version, and any
    other run that evaluated them. The first that has everything counts, else the fullest.

    Args:
        registry: the environment's registry, which is only read.
        digest: of the model that answered.

    Returns:
        What was found; ``why`` says what was not.

    Raises:
        LedgerError: the ledger cannot be read.
        RegistryError: the store cannot be reached.
    """
    found = []
    for evidence_hash, runs in _evaluations(registry, digest):
        one = _put_together(registry, digest, evidence_hash, runs)
        if not one.why:
            return one
        found.append(one)
    if found:
        return max(found, key=_pieces)
    return FoundReference(Reference(), None, _unknown(digest, registry.environment))


def _evaluations(registry: Registry, digest: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Hashes of evidence about these bytes, each with the runs that may have filed it."""
    records = read(registry.ledger)
    for entry in reversed(records.history.entries if records else ()):
        if entry.run and entry.after and entry.after.digest == digest:
            for decision in _documents(registry, Decision, DECISION, (entry.run,)):
                if decision.content_hash() == entry.decision:
                    # Where somebody had to approve, another run evaluated than decided.
                    filed = registry.runs("evidence_hash", decision.evidence_hash)
                    yield decision.evidence_hash, (entry.run, *filed)
    for ref, tags in registry.versions().items():
        if ref.digest == digest and (evidence_hash := tags.get("evidence_hash")):
            yield evidence_hash, registry.runs("evidence_hash", evidence_hash)
    for run in registry.runs("digest", digest):
        for evidence in _documents(registry, Evidence, EVIDENCE, (run,)):
            yield evidence.content_hash(), (run,)


def _put_together(
    registry: Registry, digest: str, evidence_hash: str, runs: tuple[str, ...]
) -> FoundReference:
    evidence = next(
        (
            one
            for one in _documents(registry, Evidence, EVIDENCE, runs)
            if one.candidate.digest == digest and one.content_hash() == evidence_hash
        ),
        None,
    )
    summary, texts = next(_answers(registry, digest, evidence_hash, runs), (None, None))
    lacking = []
    if evidence is None:
        lacking.append(f"the evidence {evidence_hash[:12]}, with accuracy and macro-F1")
    if summary is None:
        lacking.append("its answers on the evaluation set, with which drift is compared")
    why = ""
    if lacking:
        why = (
            f"Of the release {digest[:12]}, {' and '.join(lacking)} cannot be found, or not be "
            f"read: no run filed it, or it was deleted, altered, or is of another version. While "
            f"these bytes are the candidate, `kedro run --env {registry.environment} --pipelines "
            "evaluation` files it again."
        )
    reference = Reference(summary=summary)
    if evidence is not None:
        reference = Reference(
            accuracy=evidence.candidate_measures.accuracy,
            macro_f1=evidence.candidate_measures.macro_f1,
            confidence=evidence.method.confidence,
            summary=summary,
            same_pairs=summary is not None and summary.pairs == evidence.evaluation_set.rows,
        )
    return FoundReference(reference, texts, why)


def _answers(
    registry: Registry, digest: str, evidence_hash: str, runs: tuple[str, ...]
) -> Iterator[tuple[Summary, Floats]]:
    for one in _documents(registry, MonitoringReference, ANSWERS, runs):
        if (one.digest, one.evidence_hash) == (digest, evidence_hash):
            with suppress(*UNREADABLE):
                yield Summary.from_json(one.summary), _features(one.texts)


def _documents(
    registry: Registry, model: type[Filed], path: str, runs: tuple[str, ...]
) -> Iterator[Filed]:
    """What these runs filed there and can be read, in their order."""
    for run in runs:
        content = registry.filed(run, path)
        if content is not None:
            with suppress(ValidationError):
                yield model.model_validate_json(content)


def _unknown(digest: str, environment: str) -> str:
    return (
        f"Nothing was ever released or judged in {environment} under the digest {digest[:12]}: it "
        "answered from another environment's registry, or the ledger was replaced. Compare the "
        f"service's settings with `kedro lifecycle history --env {environment}`."
    )


def _pieces(found: FoundReference) -> int:
    return (found.reference.accuracy is not None) + (found.reference.summary is not None)


def _features(rows: Sequence[Sequence[float]]) -> Floats:
    return np.array(rows, dtype=np.float64).reshape(-1, WIDTH)
