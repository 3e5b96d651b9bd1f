"""What is kept for ever: which pairs people were asked about, and every word they said."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Label = Literal["entailment", "neutral", "contradiction"]
Reason = Literal["random", "disagreement", "low_confidence", "worst_slice", "feedback"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(_Record):
    """A pair that people were asked about, and why."""

    review_id: str = Field(description="fingerprint of both texts")
    reason: Reason
    candidate: str = Field(description="digest of the model in question")
    champion: str | None = Field(description="digest of the one it was compared with")
    pair_id: str
    genre: str
    premise: str
    hypothesis: str
    label: Label | None = Field(description="the pair's own label; None: it has none")


class Word(_Record):
    """What one person said about one pair; their last word counts."""

    review_id: str
    reviewer: str = Field(min_length=1)
    label: Label
    note: str
    file: str = Field(
        description="sha256 of the file it came in; of feedback: the log, and when it was said"
    )
    place: str = Field(description="file name and line; request and position for feedback")
    time: AwareDatetime = Field(description="when it was taken in")


def draw(review_id: str) -> str:
    """A pair's place in the one random order of all pairs: the smaller, the earlier drawn.

    It follows from the texts alone. So the first pairs of any set in this order are a simple
    random sample of it, whatever the models say, and a longer sample holds the shorter one.

    Returns:
        16 hexadecimal digits.
    """
    return blake2b(review_id.encode(), digest_size=8, person=b"review").hexdigest()


def last_drawn(asked: Iterable[Asked]) -> str:
    """The place up to which pairs were drawn blindly; empty: none were."""
    return max((draw(one.review_id) for one in asked if one.reason == "random"), default="")
