"""A model's life in a few words: candidates that are judged, held, released."""

from __future__ import annotations

from pathlib import Path

from ready_evidence import POLICY, around, evidence
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.approval import supersede_others
from nli_lifecycle.lifecycle.decision import Decision, decide
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Held
from nli_lifecycle.lifecycle.ledger.protocol import append, read
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.projection import located, project
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.release import ReleaseRecord, release
from nli_lifecycle.lifecycle.standing import take_standing
from nli_lifecycle.nli.bundle import open_bundle

#: Prod's kind of policy: a person decides last.
ASKING = Policy.model_validate({**POLICY.model_dump(), "approvals": {"needed": 1}})


def submit(registry: Registry, folder: Path, weights: str, **tags: str) -> ModelRef:
    """Register bytes that differ by ``weights`` as the candidate, as training and intake do."""
    path = folder / weights
    if not path.exists():
        sealed_folder(path, weights)
    candidate = registry.register(open_bundle(path), tags)
    supersede_others(registry, candidate)
    return candidate


def judge(registry: Registry, policy: Policy = POLICY, accuracy: float = 0.85) -> Decision:
    """Measure and judge the candidate, against whoever is champion by the ledger."""
    champion = located(registry, settle(registry, policy.manual_moves).history.champion)
    candidate = registry.alias("candidate")
    measured = evidence(
        champion=champion, policy=policy, accuracy=around(accuracy), macro_f1=around(accuracy)
    ).model_copy(update={"candidate": candidate, "environment": registry.environment})
    return decide(policy, measured, take_standing(registry, policy, measured))


def promote(
    registry: Registry, policy: Policy = POLICY, accuracy: float = 0.85, run: str | None = None
) -> ReleaseRecord:
    """Judge the candidate and carry the decision out."""
    decision = judge(registry, policy, accuracy)
    return release(registry, decision, run, policy.manual_moves)


def kinds(registry: Registry) -> list[str]:
    """Kinds of the ledger's entries."""
    records = read(registry.ledger)
    return [entry.kind for entry in records.history.entries] if records else []


def crown(registry: Registry, ref: ModelRef) -> ModelRef:
    """Make a version the champion without judging it."""
    seen = settle(registry).history
    assert append(registry.ledger, seen, "promote", champion=Held.of(ref), actor="a test")
    project(registry)
    return ref
