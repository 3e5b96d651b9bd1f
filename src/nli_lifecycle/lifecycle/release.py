"""Release: the effect of a decision on an environment's registry, written once for all stores.

The order makes every crash harmless. The judgement is written on the version before anything
moves, ``previous`` before ``champion``; moving the alias ``champion`` is the one step that
changes what is in use. Whatever ran before a crash is simply done again.
"""

from __future__ import annotations

from nli_lifecycle.lifecycle.decision import Decision, Outcome
from nli_lifecycle.lifecycle.documents import Document, ModelRef
from nli_lifecycle.lifecycle.versions import (
    CANDIDATE,
    CHAMPION,
    LONGEST_TAG,
    PREVIOUS,
    Registry,
)


class ReleaseError(ValueError):
    """A decision that does not fit the registry as it is now."""


class ReleaseRecord(Document):
    """What a decision did: who was judged, and who is in use after it."""

    environment: str
    outcome: Outcome
    candidate: ModelRef
    champion: ModelRef | None
    previous: ModelRef | None
    decision_hash: str
    evidence_hash: str
    run_id: str | None


def release(registry: Registry, decision: Decision, run_id: str | None) -> ReleaseRecord:
    """Carry out a decision.

    ``promote`` moves the champion; ``hold`` and ``reject`` leave their reasons on the version;
    ``unchanged`` touches nothing.

    Args:
        registry: the environment the decision was made for.
        decision: the judgement.
        run_id: the MLflow run that made it, None without tracking.

    Returns:
        The record, with the aliases as they are afterwards.

    Raises:
        ReleaseError: the decision is about another environment or other bytes, the candidate is
            no longer the candidate, or the champion it compared with no longer the champion.
    """
    champion = registry.alias(CHAMPION)
    _check(registry, decision, champion)
    if decision.outcome != "unchanged":
        registry.tag(decision.candidate, _judgement(decision, run_id))
    if decision.outcome == "promote" and champion != decision.candidate:
        if champion is not None:
            registry.point(PREVIOUS, champion)
        registry.point(CHAMPION, decision.candidate)
    return ReleaseRecord(
        environment=decision.environment,
        outcome=decision.outcome,
        candidate=decision.candidate,
        champion=registry.alias(CHAMPION),
        previous=registry.alias(PREVIOUS),
        decision_hash=decision.content_hash(),
        evidence_hash=decision.evidence_hash,
        run_id=run_id,
    )


def _check(registry: Registry, decision: Decision, champion: ModelRef | None) -> None:
    if decision.environment != registry.environment:
        raise ReleaseError(
            f"The decision was made in {decision.environment}, not in {registry.environment}. "
            f"Run `kedro run --env {registry.environment} --pipelines evaluation,promotion`."
        )
    recorded = registry.tags(decision.candidate).get("digest")
    if recorded != decision.candidate.digest:
        raise ReleaseError(
            f"{decision.candidate} was judged, but that version now has digest {recorded}. "
            "Register the candidate again and run evaluation."
        )
    waiting = registry.alias(CANDIDATE)
    if waiting != decision.candidate:
        raise ReleaseError(
            f"{decision.candidate} was judged, but the candidate is now {waiting or 'nobody'}. "
            f"Judge that one: `kedro run --env {registry.environment} "
            "--pipelines evaluation,promotion`."
        )
    done_before = decision.outcome == "promote" and champion == decision.candidate
    if champion != decision.champion and not done_before:
        raise ReleaseError(
            f"The candidate was compared with {decision.champion or 'no champion'}, but the "
            f"champion is now {champion or 'none'}. Run evaluation again: "
            f"`kedro run --env {registry.environment} --pipelines evaluation,promotion`."
        )


def _judgement(decision: Decision, run_id: str | None) -> dict[str, str]:
    reasons = " ".join(decision.reasons())
    if len(reasons) > LONGEST_TAG:
        reasons = reasons[: LONGEST_TAG - 1] + "…"
    tags = {
        "decision": decision.outcome,
        "decision_reasons": reasons,
        "decision_hash": decision.content_hash(),
        "evidence_hash": decision.evidence_hash,
        "policy_hash": decision.policy_hash,
    }
    return tags | ({"decision_run_id": run_id} if run_id else {})
