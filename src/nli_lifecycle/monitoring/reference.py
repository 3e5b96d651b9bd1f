"""What a window is compared with: the release's evidence, and rows of quiet times."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TypedDict

from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.nli.metrics.figures import Interval


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


class ReferenceFacts(TypedDict):
    """Of a ``Finding``."""

    reference: float | None
    reference_low: float | None
    reference_high: float | None


def reference_facts(known: Interval | None, exact: bool = False) -> ReferenceFacts:
    """What a finding says of its reference.

    Args:
        known: of the release's evidence; None: not known.
        exact: its error is in the finding's own interval already.
    """
    if known is None:
        return {"reference": None, "reference_low": None, "reference_high": None}
    low, high = (None, None) if exact else (known.lower, known.upper)
    return {"reference": known.estimate, "reference_low": low, "reference_high": high}
