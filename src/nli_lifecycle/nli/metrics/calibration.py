"""Whether a model is as sure as it is right, and the temperature that makes it so."""

from __future__ import annotations

from math import exp, log

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from nli_lifecycle.nli.metrics.figures import Calibration, ReliabilityBin

Floats = npt.NDArray[np.float64]

MOST_BINS = 15
ROWS_PER_BIN = 20  # at least: the accuracy of fewer rows says nothing
TEMPERATURES = (0.05, 20.0)  # a fit at either end is no calibration but a symptom


def calibrate(right: npt.NDArray[np.bool_], confidence: Floats) -> Calibration:
    """Compare confidence with accuracy in bins of equally many rows.

    Expected calibration error: the mean distance of the two, weighted by rows (Guo et al. 2017,
    ICML), in adaptive bins (Nixon et al. 2019, CVPR workshops), because confidences crowd near 1.

    Args:
        right: shape (n,).
        confidence: probability of the answer given, shape (n,).

    Returns:
        The error as a share of 1, and the bins by rising confidence. Rows of one confidence are
        in one bin, so that their order does not matter.

    Raises:
        ValueError: no rows, different lengths, or a confidence that is no number.
    """
    check_confidence(right, confidence)
    rows = len(right)
    count = min(MOST_BINS, max(1, rows // ROWS_PER_BIN))
    edges = np.unique(np.sort(confidence)[[rows * k // count for k in range(1, count)]])
    places = np.searchsorted(edges, confidence, side="right")
    bins = []
    for place in np.unique(places):
        inside = places == place
        bins.append(
            ReliabilityBin(
                rows=int(inside.sum()),
                confidence=float(confidence[inside].mean()),
                accuracy=float(right[inside].mean()),
            )
        )
    error = sum(found.rows * abs(found.confidence - found.accuracy) for found in bins) / rows
    return Calibration(ece=float(error), bins=tuple(bins))


def check_confidence(right: npt.NDArray[np.bool_], confidence: Floats) -> None:
    """Refuse answers whose confidence is not known.

    Raises:
        ValueError: no rows, different lengths, or a confidence that is no number.
    """
    if not 0 < len(right) == len(confidence):
        raise ValueError(f"{len(right)} answers with {len(confidence)} confidences: give as many.")
    if not np.isfinite(confidence).all():
        row = int(np.argmin(np.isfinite(confidence)))
        raise ValueError(f"Row {row} has confidence {confidence[row]}: predict these pairs again.")


def fit_temperature(truth: npt.NDArray[np.int64], probabilities: Floats) -> float:
    """The temperature that minimises log loss (Guo et al. 2017, section 4.2).

    Args:
        truth: label indices, shape (n,).
        probabilities: at temperature 1, shape (n, 3).

    Returns:
        By what the logits are to be divided, within ``TEMPERATURES``; 1 where there are no rows,
        or none is wrong, so that nothing says how sure is too sure.

    Raises:
        ValueError: different lengths, or a probability that is no number.
    """
    if len(truth) != len(probabilities) or not np.isfinite(probabilities).all():
        raise ValueError(
            f"{len(truth)} labels, {len(probabilities)} rows of probabilities, all to be numbers: "
            "the model or its predictions are damaged."
        )
    if not len(truth) or bool((probabilities.argmax(axis=1) == truth).all()):
        return 1.0
    logits = np.log(np.clip(probabilities, 1e-30, 1.0))
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = logits / exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]).mean())

    low, high = map(log, TEMPERATURES)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return exp(float(found.x)) if found.fun < loss(0.0) else 1.0
