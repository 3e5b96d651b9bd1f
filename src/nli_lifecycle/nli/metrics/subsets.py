"""Accuracy on many parts of the rows at once, with bounds that hold for all of them together.

Bonferroni: each of m bounds at 1 − (1 − confidence) / m. A bootstrap of the largest deviation
would use the overlap of the parts and be a little narrower, but its tail lies where 2,000
resamples of 50 rows hold nothing; the score interval keeps its level there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.metrics.figures import Interval, SubsetMeasures
from nli_lifecycle.nli.metrics.proportions import design_effect, paired_difference, wilson

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SubsetAnswers:
    """Which of m rows each model gets right, all arrays of shape (m,).

    Attributes:
        kind: what the subset belongs to.
        name: which of that kind.
        candidate_right: per row.
        champion_right: per row; None where there is no champion.
        clusters: number of each row's premise; None: independent rows.
    """

    kind: str
    name: str
    candidate_right: Flags
    champion_right: Flags | None = None
    clusters: npt.NDArray[np.int64] | None = None


def measure_subsets(
    subsets: Sequence[SubsetAnswers],
    confidence: float,
    bound_confidence: float,
    minimum_rows: int,
) -> tuple[tuple[SubsetMeasures, ...], int]:
    """Measure every subset with enough rows.

    Args:
        subsets: the parts; they may overlap.
        confidence: two-sided level of each model's own interval, each for itself.
        bound_confidence: one-sided level at which all bounds of the differences hold together.
        minimum_rows: smaller subsets are left out.

    Returns:
        The figures in the given order, and how many subsets were too small.
    """
    large = [subset for subset in subsets if len(subset.candidate_right) >= minimum_rows]
    each = 1 - (1 - bound_confidence) / max(1, len(large))
    measured = tuple(_measure(subset, confidence, each) for subset in large)
    return measured, len(subsets) - len(large)


def _measure(subset: SubsetAnswers, confidence: float, bound_confidence: float) -> SubsetMeasures:
    ours, theirs = subset.candidate_right, subset.champion_right
    clusters = subset.clusters
    if clusters is not None:
        clusters = np.unique(clusters, return_inverse=True)[1].astype(np.int64)

    def accuracy(right: Flags) -> Interval:
        effect = design_effect(right.astype(np.float64), clusters)
        return wilson(int(right.sum()), len(right), confidence, effect)

    difference = None
    if theirs is not None:
        difference = paired_difference(
            len(ours),
            int((ours & ~theirs).sum()),
            int((theirs & ~ours).sum()),
            bound_confidence,
            design_effect(ours.astype(np.float64) - theirs, clusters),
        )
    return SubsetMeasures(
        kind=subset.kind,
        name=subset.name,
        rows=len(ours),
        candidate=accuracy(ours),
        champion=accuracy(theirs) if theirs is not None else None,
        difference=difference,
    )
