"""How far people are with what they were asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from nli_lifecycle.review.records import Asked
from nli_lifecycle.review.settling import Settled


class Part(BaseModel):
    """Pairs that were asked for one reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pairs: int = Field(ge=0)
    reviewed: int = Field(ge=0, description="of these, with a settled label")


class Progress(BaseModel):
    """One queue, by what became of its pairs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pairs: int = Field(ge=0)
    reviewed: int = Field(ge=0, description="with a settled label")
    disputed: int = Field(ge=0, description="enough people, no majority")
    reasons: dict[str, Part]

    @property
    def open(self) -> int:
        """Pairs without a settled label, the disputed ones included."""
        return self.pairs - self.reviewed


def describe(asked: Iterable[Asked], settled: Settled) -> Progress:
    """Count pairs; one that was asked for several reasons counts by the first."""
    reasons: dict[str, str] = {}
    for one in asked:
        reasons.setdefault(one.review_id, one.reason)
    pairs = Counter(reasons.values())
    reviewed = Counter(reason for name, reason in reasons.items() if name in settled.labels)
    return Progress(
        pairs=len(reasons),
        reviewed=reviewed.total(),
        disputed=len(reasons.keys() & settled.disputed.keys()),
        reasons={name: Part(pairs=count, reviewed=reviewed[name]) for name, count in pairs.items()},
    )
