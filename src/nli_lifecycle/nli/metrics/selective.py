"""Accuracy when the least sure answers are withheld: the risk-coverage curve."""

from __future__ import annotations

from math import ceil

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.metrics.calibration import check_confidence
from nli_lifecycle.nli.metrics.figures import CoveragePoint, Selective

POINTS = 20


def selective_accuracy(
    right: npt.NDArray[np.bool_], confidence: npt.NDArray[np.float64]
) -> Selective:
    """Accuracy on the surest share of the rows, for shares from 5% to 100%.

    Geifman & El-Yaniv 2017, NeurIPS. Rows of one confidence count with their mean accuracy, the
    expectation over their orders.

    Args:
        right: shape (n,).
        confidence: probability of the answer given, shape (n,).

    Returns:
        The points, and the mean error over all n coverages (area under the curve).

    Raises:
        ValueError: no rows, different lengths, or a confidence that is no number.
    """
    check_confidence(right, confidence)
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    _, ties, sizes = np.unique(-sorted_confidence, return_inverse=True, return_counts=True)
    expected = (np.bincount(ties, weights=right[order].astype(np.float64)) / sizes)[ties]
    rows = len(right)
    accuracies = np.cumsum(expected) / np.arange(1, rows + 1)
    points = []
    for step in range(1, POINTS + 1):
        last = ceil(rows * step / POINTS) - 1
        points.append(
            CoveragePoint(
                coverage=step / POINTS,
                accuracy=min(1.0, float(accuracies[last])),
                confidence=float(sorted_confidence[last]),
            )
        )
    return Selective(aurc=max(0.0, float(1 - accuracies.mean())), points=tuple(points))
