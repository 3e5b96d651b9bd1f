"""Parameters of review: how many pairs people are asked about, and which."""

from __future__ import annotations

from math import floor
from typing import Literal

from pydantic import Field, model_validator

from nli_lifecycle.parameters import Parameters


class ReviewShares(Parameters):
    """Shares of the queue by the reason a pair is in it; they sum to 1."""

    random: float = Field(
        0.4, ge=0, le=1, description="drawn blindly: only these estimate accuracy without bias"
    )
    disagreement: float = Field(
        0.3, ge=0, le=1, description="candidate and champion differ; drawn among all such pairs"
    )
    low_confidence: float = Field(0.2, ge=0, le=1, description="the candidate is least sure")
    worst_slice: float = Field(0.1, ge=0, le=1, description="in the slices that did worst")

    @model_validator(mode="after")
    def _sum_to_one(self) -> ReviewShares:
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-9:
            raise ValueError(
                f"random + disagreement + low_confidence + worst_slice must be 1, not {total:g}"
            )
        return self


class ReviewParameters(Parameters):
    """Parameters of the review pipeline."""

    rows: int = Field(200, ge=1, description="pairs in a candidate's queue, reviewed ones included")
    shares: ReviewShares = Field(default_factory=ReviewShares)
    worst_slices: int = Field(3, ge=1, description="how many slices count as the worst")
    seed: int = Field(13, ge=0, description="of the order in which the sheets list the pairs")
    show_answers: bool = Field(
        False, description="True: sheets show reason and answers, which sways whoever labels"
    )
    train_on: Literal["targeted", "all"] = Field(
        "targeted",
        description="reviewed pairs handed to training: 'targeted' keeps the random ones for "
        "judging, 'all' gives them away too",
    )

    def quotas(self) -> dict[str, int]:
        """Pairs by reason: ``rows`` by the shares, what rounding leaves to the largest parts."""
        exact = {name: share * self.rows for name, share in self.shares.model_dump().items()}
        whole = {name: floor(count + 1e-9) for name, count in exact.items()}
        left = self.rows - sum(whole.values())
        for name in sorted(exact, key=lambda name: whole[name] - exact[name])[:left]:
            whole[name] += 1
        return whole
