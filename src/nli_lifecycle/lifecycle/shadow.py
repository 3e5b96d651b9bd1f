"""Evidence from traffic: how a candidate answered real requests beside the champion."""

from __future__ import annotations

from pydantic import Field, model_validator
from scipy.special import betaincinv

from nli_lifecycle.lifecycle.documents import Document
from nli_lifecycle.nli.metrics.figures import Interval


class ShadowEvidence(Document):
    """What both versions, by their bytes, answered to the same requests, by the inference log."""

    candidate_digest: str
    champion_digest: str
    requests: int = Field(ge=1, description="requests that both answered")
    pairs: int = Field(ge=1, description="different pairs in them")
    agreeing: int = Field(ge=0, description="pairs to which both gave the same label")
    design_effect: float = Field(
        1.0, ge=1, description="by which pairs of one request are fewer than they seem"
    )
    candidate_p99_ms: float = Field(ge=0, description="of a request's batches")
    champion_p99_ms: float = Field(gt=0, description="from a request's arrival to its answer")

    @model_validator(mode="after")
    def _agree_on_no_more_than_all(self) -> ShadowEvidence:
        if self.agreeing > self.pairs:
            raise ValueError(f"{self.agreeing} of {self.pairs} pairs agree: impossible counts")
        return self

    def agreement(self, bound_confidence: float) -> Interval:
        """Share of pairs to which both gave the same label.

        Args:
            bound_confidence: one-sided level of each bound.
        """
        return exact(self.agreeing, self.pairs, bound_confidence, self.design_effect)


def exact(count: int, total: int, bound_confidence: float, design_effect: float = 1.0) -> Interval:
    """Exact interval of a share (Clopper & Pearson 1934, Biometrika 26: 404-413).

    Args:
        count: rows that count.
        total: all rows, at least 1.
        bound_confidence: one-sided level of each bound.
        design_effect: by which correlated rows are fewer than they seem (Korn & Graubard 1998,
            Survey Methodology 24: 193-201).
    """
    yes, no = count / design_effect, (total - count) / design_effect
    lower = float(betaincinv(yes, no + 1, 1 - bound_confidence)) if count else 0.0
    upper = float(betaincinv(yes + 1, no, bound_confidence)) if count < total else 1.0
    return Interval(count / total, lower, upper)


def design_effect(
    pairs: int,
    agreeing: int,
    clusters: int,
    size_squares: int,
    agreeing_squares: int,
    products: int,
) -> float:
    """Variance of the agreement of pairs that came in requests, relative to independent pairs.

    As ``nli.metrics.proportions.design_effect``, from sums that a database gives.

    Args:
        pairs: all of them, at least 1.
        agreeing: pairs that agree.
        clusters: requests they came in.
        size_squares: sum over requests of pairs².
        agreeing_squares: sum over requests of agreeing pairs².
        products: sum over requests of pairs × agreeing pairs.

    Returns:
        At least 1. Where all pairs agree, or none does, nothing tells how far the pairs of a
        request go together: then they are taken to go together entirely.
    """
    share = agreeing / pairs
    independent = pairs * share * (1 - share)
    if independent == 0 or clusters < 2:
        return max(1.0, size_squares / pairs)
    between = agreeing_squares - 2 * share * products + share * share * size_squares
    return max(1.0, between * clusters / (clusters - 1) / independent)
