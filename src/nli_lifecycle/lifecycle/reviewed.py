"""Evidence from people: what they make of the pairs that both models answered."""

from __future__ import annotations

from pydantic import Field, model_validator

from nli_lifecycle.lifecycle.documents import Document
from nli_lifecycle.nli.metrics.figures import Interval


class Controls(Document):
    """Pairs drawn blindly: the only ones that may estimate anything about the whole set."""

    drawn: int = Field(ge=1, description="of the evaluation pairs; those without a label wait")
    reviewed: int = Field(ge=1, description="of these, pairs with a settled label")
    candidate: Interval = Field(description="its accuracy by the reviewers' labels")
    champion: Interval | None = None
    difference: Interval | None = Field(None, description="candidate − champion, paired")
    label_noise: Interval = Field(
        description="share of pairs whose own label the reviewers do not confirm"
    )

    @model_validator(mode="after")
    def _no_more_than_drawn(self) -> Controls:
        if self.reviewed > self.drawn:
            raise ValueError(f"{self.reviewed} of {self.drawn} controls reviewed: impossible")
        return self


class Disagreements(Document):
    """Pairs drawn among those on which candidate and champion differ; who is right there."""

    reviewed: int = Field(ge=1)
    won: int = Field(ge=0, description="the candidate is right")
    lost: int = Field(ge=0, description="the champion is right")
    mcnemar: float = Field(ge=0, le=1, description="exact, two-sided p")

    @model_validator(mode="after")
    def _at_most_one_is_right(self) -> Disagreements:
        if self.won + self.lost > self.reviewed:
            raise ValueError(f"{self.won} + {self.lost} of {self.reviewed} right: impossible")
        return self


class Relabelled(Document):
    """A pair whose own label the reviewers do not confirm; it still judges by its own."""

    review_id: str
    label: str
    reviewed: str


class ReviewEvidence(Document):
    """What people said about the evaluation pairs."""

    labels: str = Field(description="sha256 over the reviewed pairs and their settled labels")
    reviewers: int = Field(ge=1, description="different people that each label needed")
    pairs: int = Field(ge=1, description="evaluation pairs with a settled label")
    own: int = Field(ge=0, description="of these, pairs of the queue made for this candidate")
    controls: Controls | None = Field(None, description="None: none of those drawn is reviewed")
    disagreements: Disagreements | None = None
    relabelled: tuple[Relabelled, ...] = ()

    @model_validator(mode="after")
    def _parts_are_no_more_than_the_whole(self) -> ReviewEvidence:
        if max(self.own, len(self.relabelled)) > self.pairs:
            raise ValueError(f"more than the {self.pairs} reviewed pairs: impossible counts")
        return self
