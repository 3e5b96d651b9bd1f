"""Approve or reject what an environment holds; make approvals void when the candidate changes."""

from __future__ import annotations

from datetime import UTC, datetime

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.protocol import VOTE, cast, line_key
from nli_lifecycle.lifecycle.ledger.votes import Vote, approvals, expired, rejection
from nli_lifecycle.lifecycle.mirror import PREFIX
from nli_lifecycle.lifecycle.moves import MoveError
from nli_lifecycle.lifecycle.settling import look, settle
from nli_lifecycle.lifecycle.versions import CANDIDATE, Registry

#: Hours; so soon after the last one an approval is the same command run again.
RENEWED_AFTER = 1


def approve(
    registry: Registry, version: str | None, reason: str, *, dry_run: bool = False
) -> tuple[ModelRef, Vote | None]:
    """Approve the held candidate, as it was judged.

    The approval is bound to the candidate's digest and to the policy and evidence of the decision
    that held it. It releases nothing by itself: the next promotion counts it.

    Args:
        registry: the environment's registry.
        version: the version that is meant, so that nobody approves what came in a minute ago;
            None: whichever is held.
        reason: why; kept with the vote.
        dry_run: only check.

    Returns:
        The candidate, and the vote: the one there already where this person has just approved;
        an older approval is renewed.

    Raises:
        MoveError: nothing is held, another version is, or a person rejected these bytes.
    """
    records = look(registry) if dry_run else settle(registry)
    candidate, tags = _held(registry, version)
    if said := rejection(records.votes, candidate.digest):
        raise MoveError(f"{candidate} was rejected by {said}. That is final for these bytes.")
    bound = {"policy_hash": tags["policy_hash"], "evidence_hash": tags["evidence_hash"]}
    for vote in approvals(records.votes, candidate.digest, **bound):
        if vote.actor == registry.actor and not expired(vote, RENEWED_AFTER, datetime.now(UTC)):
            return candidate, vote
    return candidate, None if dry_run else _vote(registry, candidate, "approve", reason, **bound)


def reject(
    registry: Registry, version: str | None, reason: str, *, dry_run: bool = False
) -> tuple[ModelRef, Vote | None]:
    """Reject bytes for good: no run of this environment will release them.

    Args:
        registry: the environment's registry.
        version: its number; None: the candidate.
        reason: why.
        dry_run: only check.

    Returns:
        The version, and the vote: the one there already where these bytes were rejected before.

    Raises:
        MoveError: no reason, no such version, or it is in use.
    """
    if not reason.strip():
        raise MoveError('Say why: a rejection is final, and asks for --reason "…".')
    records = look(registry) if dry_run else settle(registry)
    ref = _named(registry, version)
    champion = records.history.champion
    if champion and champion.digest == ref.digest:
        raise MoveError(
            f"{ref} is in use. Roll back first: `kedro lifecycle rollback "
            f"--env {registry.environment}`."
        )
    if said := rejection(records.votes, ref.digest):
        return ref, said
    if dry_run:
        return ref, None
    vote = _vote(registry, ref, "reject", reason)
    registry.tag(ref, {"decision": "reject", "decision_reasons": f"Rejected by {vote}."[:1_000]})
    return ref, vote


def supersede_others(registry: Registry, candidate: ModelRef) -> None:
    """Mark whatever was held and is the candidate no longer; its approvals are void.

    Args:
        registry: the environment's registry.
        candidate: the candidate now.
    """
    for ref, tags in registry.versions().items():
        if ref == candidate or tags.get("decision") != "hold":
            continue
        votes = settle(registry).votes
        last = next((vote for vote in reversed(votes) if vote.digest == ref.digest), None)
        if last is not None and last.kind == "approve":
            _vote(registry, ref, "void", f"superseded by version {candidate.version}")
        registry.tag(ref, {"decision": "superseded", "superseded_by": candidate.version})


def _named(registry: Registry, version: str | None) -> ModelRef:
    if version is None:
        candidate = registry.alias(CANDIDATE)
        if candidate is None:
            raise MoveError(f"{registry.environment} has no candidate.")
        return candidate
    found = next((ref for ref in registry.versions() if ref.version == version), None)
    if found is None:
        raise MoveError(f"{registry.name} has no version {version}.")
    return found


def _held(registry: Registry, version: str | None) -> tuple[ModelRef, dict[str, str]]:
    candidate = _named(registry, None)
    tags = registry.tags(candidate)
    said = tags.get("decision")
    if version is not None and version != candidate.version:
        raise MoveError(
            f"Version {version} is not the candidate of {registry.environment}: that is "
            f"{candidate}. Look at it first: `kedro lifecycle status`."
        )
    if said != "hold":
        raise MoveError(
            f"{candidate} is not held ({said or 'not judged yet'}), so there is nothing to "
            f"approve. Judge it: `kedro run --env {registry.environment}`."
        )
    return candidate, tags


def _vote(registry: Registry, ref: ModelRef, kind: str, reason: str, **bound: str) -> Vote:
    vote = cast(
        registry.ledger,
        kind=kind,
        version=ref.version,
        digest=ref.digest,
        actor=registry.actor,
        reason=reason,
        **bound,
    )
    registry.tag(ref, {PREFIX + line_key(VOTE, vote.number): vote.text()})
    return vote
