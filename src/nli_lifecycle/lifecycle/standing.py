"""Standing: how an environment stands towards a candidate, beside what was measured.

The third input of a decision: who is champion by the ledger, whether releases are frozen, what
people said about these very bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from nli_lifecycle.lifecycle.documents import Document, ModelRef
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.ledger.protocol import Records, cast
from nli_lifecycle.lifecycle.ledger.votes import Vote, approvals, expired, rejection
from nli_lifecycle.lifecycle.policy import ApprovalRule, Policy
from nli_lifecycle.lifecycle.projection import located
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.versions import Registry

AUTHOR = "author"  # tag: who trained the bytes; travels with them
TAKEN = "recorded"  # value of an approval tag once it was turned into a vote


class Approval(Document):
    """An approval that counts."""

    actor: str
    time: str
    reason: str
    vote: str = Field(description="line hash of the vote")


class Standing(Document):
    """What a decision must respect, as of one entry of the ledger."""

    epoch: int = Field(ge=0)
    head: str = Field(description="line hash of the ledger's last entry")
    champion: ModelRef | None
    approvals: tuple[Approval, ...] = ()
    discounted: tuple[str, ...] = Field((), description="approvals that do not count, and why")
    rejected: str | None = Field(None, description="who rejected these bytes, when and why")
    frozen: str | None = Field(None, description="who froze releases, when and why")
    withdrawn: str | None = Field(None, description="who rolled back from these bytes, when, why")


def take_standing(registry: Registry, policy: Policy, evidence: Evidence) -> Standing:
    """Bring the environment into order and say how it stands towards the candidate.

    Args:
        registry: the environment's registry.
        policy: decides which approvals count.
        evidence: names the candidate; approvals are bound to it.

    Returns:
        The standing, as of the ledger's present head.
    """
    records = settle(registry, policy.manual_moves)
    tags = registry.tags(evidence.candidate)
    if _record_tag(registry, policy, evidence, tags):
        records = settle(registry, policy.manual_moves)
    return standing_of(records, registry, policy, evidence, tags.get(AUTHOR), datetime.now(UTC))


def standing_of(
    records: Records,
    registry: Registry,
    policy: Policy,
    evidence: Evidence,
    author: str | None,
    now: datetime,
) -> Standing:
    """Say how the ledger's records stand towards the candidate at a time."""
    digest, history = evidence.candidate.digest, records.history
    counted, discounted = _sift(
        approvals(records.votes, digest, policy.content_hash(), evidence.content_hash()),
        *(policy.approvals, author, now),
    )
    rejected = rejection(records.votes, digest)
    freeze, withdrawn = history.freeze, history.withdrawn(digest)
    return Standing(
        epoch=history.epoch,
        head=history.head.line_hash(),
        champion=located(registry, history.champion),
        approvals=counted,
        discounted=discounted,
        rejected=str(rejected) if rejected else None,
        frozen=f"{freeze.actor} on {freeze.time[:10]}: {freeze.reason}" if freeze else None,
        withdrawn=(
            f"{withdrawn.actor} on {withdrawn.time[:10]}: {withdrawn.reason}" if withdrawn else None
        ),
    )


def _sift(
    votes: tuple[Vote, ...], rule: ApprovalRule, author: str | None, now: datetime
) -> tuple[tuple[Approval, ...], tuple[str, ...]]:
    counted, discounted = [], []
    for vote in votes:
        if expired(vote, rule.expire_after_hours, now):
            discounted.append(f"{vote.actor}'s is older than {rule.expire_after_hours:g} hours")
        elif rule.not_by_author and author is None:
            discounted.append(f"{vote.actor}'s, as the candidate does not say who trained it")
        elif rule.not_by_author and vote.actor == author:
            discounted.append(f"{vote.actor} trained the candidate")
        else:
            counted.append(
                Approval(
                    actor=vote.actor, time=vote.time, reason=vote.reason, vote=vote.line_hash()
                )
            )
    return tuple(counted), tuple(discounted)


def _record_tag(
    registry: Registry, policy: Policy, evidence: Evidence, tags: dict[str, str]
) -> bool:
    """Turn an approval tag that somebody set in a UI into a vote of whoever runs this.

    A tag proves nothing: anybody may set it, and it says neither who nor about which evidence. So
    it becomes a vote of the identity that runs promotion, and is used up.
    """
    name = policy.approvals.tag
    if name is None or tags.get(name, "").strip().lower() != "approved":
        return False
    cast(
        registry.ledger,
        kind="approve",
        version=evidence.candidate.version,
        digest=evidence.candidate.digest,
        policy_hash=policy.content_hash(),
        evidence_hash=evidence.content_hash(),
        actor=registry.actor,
        reason=f"tag {name} was set on the version",
        via=f"tag {name}",
    )
    registry.tag(evidence.candidate, {name: TAKEN})
    return True
