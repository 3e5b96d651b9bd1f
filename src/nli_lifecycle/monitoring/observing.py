"""A window's figure beside what it should be: what detectors look at."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, sqrt

from nli_lifecycle.monitoring.estimate import mean_confidence
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary

STEEPEST = 0.99  # share up to which angles are taken by their slope; at 1 it is infinite
TINY = 1e-6  # a standard error of nothing at all, so that what never varied can be compared


@dataclass(frozen=True)
class Observation:
    """A window's figure beside its reference, all on one scale.

    Attributes:
        value: of the window.
        error: standard error of the value, were the window quiet.
        reference: what it should be.
        reference_error: standard error of that.
        slope: by how much the scale moves per share of accuracy, at the reference.
    """

    value: float
    error: float
    reference: float
    reference_error: float
    slope: float = 1.0

    @property
    def shortfall(self) -> float:
        """In standard errors of the window."""
        return (self.reference - self.value) / self.error

    @property
    def ratio(self) -> float:
        """Standard error of the reference, in those of the window."""
        return self.reference_error / self.error

    def allowance(self, drop: float) -> float:
        """Half of a drop of accuracy (share), in standard errors of the window."""
        return drop / 2 * self.slope / self.error


def observe_estimate(summary: Summary, reference: Reference) -> Observation | None:
    """A window's mean confidence beside the reference's, or beside the accuracy of the evidence.

    Confidence beside confidence, where there is a reference's: what is a little off in calibration
    from the beginning then cancels out. The window's standard error is its own (Welch 1947): that
    of a reference which came out too good by luck is too small, as its low confidences are few.

    Returns:
        None where there is nothing to compare, or no window.
    """
    if summary.pairs < 2:
        return None
    now = mean_confidence(summary)
    if reference.summary is not None and reference.summary.pairs > 1:
        before = mean_confidence(reference.summary)
        return Observation(now.value, max(now.error, TINY), before.value, before.error)
    if reference.accuracy is None:
        return None
    known = reference.accuracy.estimate, reference.accuracy_error
    return Observation(now.value, max(now.error, TINY), *known)


def observe_realised(labelled: Labelled, reference: Reference) -> Observation | None:
    """A window's realised accuracy beside that of the evidence; as ``observe_share``."""
    return observe_share(labelled.right, labelled.pairs, reference)


def observe_share(right: int, pairs: int, reference: Reference) -> Observation | None:
    """A share of right answers beside the accuracy of the evidence.

    Both as angles, asin √p, whose standard error is 1 / (2 √n) whatever the share is (Cohen 1988,
    ch. 6). A reference that came out too good by luck would else also seem more certain than it
    is, and accuracies near 1 are skewed.

    Args:
        right: of the labelled pairs.
        pairs: labelled pairs.
        reference: of the release.

    Returns:
        None where the evidence is not known, or there are no labels.
    """
    known = reference.accuracy
    if known is None or not pairs:
        return None
    middle = min(max((known.lower + known.upper) / 2, 1 - STEEPEST), STEEPEST)
    slope = 1 / (2 * sqrt(middle * (1 - middle)))
    return Observation(
        value=asin(sqrt(right / pairs)),
        error=1 / (2 * sqrt(pairs)),
        reference=asin(sqrt(min(1.0, known.estimate))),
        reference_error=slope * reference.accuracy_error,
        slope=slope,
    )
