"""What a window is compared with: the release's evidence, and rows of quiet times."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TypedDict

from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.nli.metrics.figures import Interval


class ReferenceFacts(TypedDict):
    """Of a ``Finding``."""

    reference: float | None
    reference_low: float | None
    reference_high: float | None


@dataclass(frozen=True)
class Reference:
    """Evidence about the model that answered, from before.

    Attributes:
        accuracy: of the release's evidence, with its interval; None: not known.
        macro_f1: likewise.
        confidence: two-sided level of these intervals.
        summary: of the evaluation set's rows, or of the first windows after the release; None:
            not known, and nothing can drift away from it.
        same_pairs: whether accuracy and summary are of the same pairs, so that one says how far
            the other's confidence was off.
    """

    accuracy: Interval | None = None
    macro_f1: Interval | None = None
    confidence: float = 0.95
    summary: Summary | None = None
    same_pairs: bool = False

    @property
    def accuracy_error(self) -> float:
        """Standard error of the accuracy: its interval's width, clusters included; 0: unknown."""
        if self.accuracy is None:
            return 0.0
        z = NormalDist().inv_cdf((1 + self.confidence) / 2)
        return (self.accuracy.upper - self.accuracy.lower) / (2 * z)

    def facts(self, known: Interval | None, level: float, *, exact: bool = False) -> ReferenceFacts:
        """What a finding says of its reference.

        Args:
            known: accuracy or macro-F1 of this; None: not known.
            level: of the finding's interval, two-sided, to which the reference's is widened.
            exact: its error is in the finding's own interval already.
        """
        if known is None:
            return {"reference": None, "reference_low": None, "reference_high": None}
        if exact:
            return {"reference": known.estimate, "reference_low": None, "reference_high": None}
        wanted, given = (NormalDist().inv_cdf((1 + c) / 2) for c in (level, self.confidence))
        below, above = known.estimate - known.lower, known.upper - known.estimate
        return {
            "reference": known.estimate,
            "reference_low": max(0.0, known.estimate - below * wanted / given),
            "reference_high": min(1.0, known.estimate + above * wanted / given),
        }
