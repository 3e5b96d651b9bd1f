"""Votes: what people said about a candidate, kept beside the ledger in the order they said it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from nli_lifecycle.lifecycle.ledger.entry import LONGEST_ACTOR, LONGEST_REASON, LedgerGone, Line


class Vote(Line):
    """An approval or a rejection of bytes, or the notice that earlier approvals are void."""

    number: int = Field(ge=0, alias="n", description="0, 1, 2, … without a gap")
    kind: Literal["approve", "reject", "void"] = Field(alias="k")
    version: str = Field(alias="v")
    digest: str = Field(alias="d")
    policy_hash: str | None = Field(None, alias="o", description="what an approval is bound to")
    evidence_hash: str | None = Field(None, alias="i", description="likewise")
    previous_hash: str = Field("", alias="h")
    actor: str = Field(alias="a", max_length=LONGEST_ACTOR)
    time: str = Field(alias="w", description="UTC, ISO 8601, to the second")
    reason: str = Field("", alias="r", max_length=LONGEST_REASON)
    via: str = Field("command", alias="y", description="'command', or 'tag <name>' set in a UI")

    def __str__(self) -> str:
        said = f": {self.reason}" if self.reason else ""
        return f"{self.actor} on {self.time[:16].replace('T', ' ')} UTC{said}"


def verified_votes(votes: Sequence[Vote], name: str) -> tuple[Vote, ...]:
    """Check the chain of votes.

    Raises:
        LedgerGone: naming the first vote that is missing or altered.
    """
    hashed = ""
    for number, vote in enumerate(votes):
        if vote.number != number or vote.previous_hash != hashed:
            raise LedgerGone(
                f"Vote {number} on {name} is missing, or was altered. Restore it from the "
                "versions' tags: `kedro lifecycle reconcile --rebuild`."
            )
        hashed = vote.line_hash()
    return tuple(votes)


def rejection(votes: Sequence[Vote], digest: str) -> Vote | None:
    """A person's rejection of these bytes: final."""
    return next((vote for vote in votes if vote.kind == "reject" and vote.digest == digest), None)


def approvals(
    votes: Sequence[Vote], digest: str, policy_hash: str, evidence_hash: str
) -> tuple[Vote, ...]:
    """Approvals of these bytes under this policy and evidence that were not made void since.

    Returns:
        The first approval of each person, oldest first.
    """
    found: dict[str, Vote] = {}
    for vote in votes:
        if vote.digest != digest:
            continue
        if vote.kind == "void":
            found.clear()
        elif vote.kind == "approve" and (vote.policy_hash, vote.evidence_hash) == (
            policy_hash,
            evidence_hash,
        ):
            found[vote.actor] = vote  # the latest: whoever approves again renews the approval
    return tuple(found.values())


def expired(vote: Vote, hours: float | None, now: datetime) -> bool:
    """Whether an approval is older than the policy lets it be."""
    return hours is not None and now - datetime.fromisoformat(vote.time) > timedelta(hours=hours)
