"""Release: a decision becomes a ledger entry, and aliases follow it.

The order makes every crash harmless. The judgement is written on the version and the candidate's
bytes are proved before anything moves; the ledger's entry is the commit; aliases and tags are only
its projection, repaired by whoever comes next. Whatever ran before a crash is simply done again.
"""

from __future__ import annotations

from nli_lifecycle.lifecycle.decision import Decision, Outcome
from nli_lifecycle.lifecycle.documents import Document, ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Entry, Held
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import append
from nli_lifecycle.lifecycle.ledger.votes import Vote, approvals, rejection
from nli_lifecycle.lifecycle.projection import located, project_committed
from nli_lifecycle.lifecycle.settling import ManualMoves, settle
from nli_lifecycle.lifecycle.versions import CANDIDATE, LONGEST_TAG, Registry
from nli_lifecycle.nli.proof import prove


class ReleaseError(ValueError):
    """A decision that does not fit the registry or the ledger as they are now."""


class ReleaseRecord(Document):
    """What a decision did: who was judged, who is in use after it, and by which entry."""

    environment: str
    outcome: Outcome
    candidate: ModelRef
    champion: ModelRef | None
    previous: ModelRef | None
    epoch: int
    entry: str
    decision_hash: str
    evidence_hash: str
    run_id: str | None


def release(
    registry: Registry,
    decision: Decision,
    run_id: str | None,
    manual_moves: ManualMoves = "restore",
) -> ReleaseRecord:
    """Carry out a decision.

    ``promote`` commits the candidate as champion; ``hold`` and ``reject`` leave their reasons on
    the version; ``unchanged`` touches nothing.

    Args:
        registry: the environment the decision was made for.
        decision: the judgement.
        run_id: the MLflow run that made it, None without tracking.
        manual_moves: see ``settle``.

    Returns:
        The record, with the champion as the ledger has it afterwards.

    Raises:
        ReleaseError: the decision is about another environment or other bytes, the candidate is
            no longer the candidate, the ledger has gone on since, or another process was first.
        BundleError: the candidate does not answer as it was sealed.
    """
    _check_subject(registry, decision)
    records = settle(registry, manual_moves)
    history = records.history
    done = _done_before(history, decision)
    if not done:
        _check_candidate(registry, decision)
        _check_head(history, decision)
        _check_votes(records.votes, decision)
        if decision.outcome != "unchanged":
            registry.tag(decision.candidate, _judgement(decision, run_id))
    if decision.outcome == "promote" and not done:
        prove(registry.fetch(decision.candidate))
        history = _commit(registry, decision, history, run_id)
    return ReleaseRecord(
        environment=decision.environment,
        outcome=decision.outcome,
        candidate=decision.candidate,
        champion=located(registry, history.champion),
        previous=located(registry, history.previous, needed=False),
        epoch=history.epoch,
        entry=history.head.line_hash(),
        decision_hash=decision.content_hash(),
        evidence_hash=decision.evidence_hash,
        run_id=run_id,
    )


def _commit(registry: Registry, decision: Decision, seen: History, run_id: str | None) -> History:
    entry = append(
        *(registry.ledger, seen, "promote"),
        champion=Held.of(decision.candidate),
        actor=registry.actor,
        reason=_approvers(decision),
        decision=decision.content_hash(),
        run=run_id,
    )
    history = project_committed(registry, entry).history
    if entry is None:
        raise ReleaseError(
            f"Another process changed {registry.name} first: it is at epoch {history.epoch}, its "
            f"champion {located(registry, history.champion) or 'nobody'}. Nothing of this decision "
            f"was carried out. {_again(decision)}"
        )
    registry.tag(decision.candidate, _release_tags(entry))
    return history


def _check_subject(registry: Registry, decision: Decision) -> None:
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


def _check_candidate(registry: Registry, decision: Decision) -> None:
    waiting = registry.alias(CANDIDATE)
    if waiting != decision.candidate:
        raise ReleaseError(
            f"{decision.candidate} was judged, but the candidate is now {waiting or 'nobody'}. "
            f"Judge that one. {_again(decision)}"
        )


def _check_head(history: History, decision: Decision) -> None:
    judged = decision.standing
    if (history.epoch, history.head.line_hash()) != (judged.epoch, judged.head):
        raise ReleaseError(
            f"The decision was made at epoch {judged.epoch} of the ledger, which is now at epoch "
            f"{history.epoch} ({history.head.kind} by {history.head.actor}). {_again(decision)}"
        )


def _check_votes(votes: tuple[Vote, ...], decision: Decision) -> None:
    """Votes leave the epoch as it is: what people said since the judgement counts too."""
    if decision.outcome != "promote":
        return
    digest = decision.candidate.digest
    if said := rejection(votes, digest):
        raise ReleaseError(
            f"{decision.candidate} was rejected by {said}. That is final for these bytes."
        )
    given = approvals(votes, digest, decision.policy_hash, decision.evidence_hash)
    counted = {vote.line_hash() for vote in given}
    for approval in decision.standing.approvals:
        if approval.vote not in counted:
            raise ReleaseError(
                f"The approval by {approval.actor} that the decision rests on is not among the "
                f"ledger's votes, or no longer. Run `kedro run --env {decision.environment} "
                "--pipelines promotion`."
            )


def _again(decision: Decision) -> str:
    return f"Run `kedro run --env {decision.environment} --pipelines evaluation,promotion`."


def _done_before(history: History, decision: Decision) -> bool:
    """Whether this very decision was committed, by a process that died before it could say so."""
    return decision.outcome == "promote" and history.head.decision == decision.content_hash()


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


def _approvers(decision: Decision) -> str:
    approvals = decision.standing.approvals
    if not approvals:
        return "by policy"
    return "approved by " + ", ".join(approval.actor for approval in approvals)


def _release_tags(entry: Entry) -> dict[str, str]:
    return {
        "promotion_id": entry.promotion,
        "released_at": entry.time,
        "released_by": entry.actor,
    }
