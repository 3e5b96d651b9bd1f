"""How good one classifier is on labelled pairs, and how sure one can be of that.

Conventions: labels are indices into ``LABELS``; confusion matrices have the truth in rows and
the prediction in columns; a ratio with an empty denominator is 0, as in scikit-learn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.calibration import calibrate
from nli_lifecycle.nli.metrics.figures import ClassMeasures, Interval, Measures
from nli_lifecycle.nli.metrics.proportions import design_effect, wilson
from nli_lifecycle.nli.metrics.resampling import (
    Resampling,
    percentile_interval,
    resampled_totals,
)
from nli_lifecycle.nli.metrics.selective import selective_accuracy

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Probabilities are clipped to at least this before the logarithm of log loss.
SMALLEST_PROBABILITY = 1e-15


def measure(
    truth: Ints,
    predicted: Ints,
    probabilities: Floats,
    how: Resampling,
    clusters: Ints | None = None,
) -> Measures:
    """Measure one model on n labelled rows.

    Accuracy, precision and recall have Wilson intervals, widened by the design effect of the
    clusters; F1, log loss and Brier score have bootstrap percentile intervals.

    Args:
        truth: label indices, shape (n,).
        predicted: the model's label indices, shape (n,).
        probabilities: shape (n, 3), in ``LABELS`` order.
        how: confidence, number and seed of the resamples.
        clusters: number of each row's premise, shape (n,), from 0 without gaps; None:
            independent rows.

    Returns:
        Every figure of ``Measures``.

    Raises:
        ValueError: no rows, arrays of different lengths, or a probability that is no number.
    """
    check_rows(truth, predicted, probabilities, clusters)
    right = predicted == truth
    losses = np.column_stack(
        [row_log_losses(truth, probabilities), row_brier_scores(truth, probabilities)]
    )
    width = len(LABELS)
    cells = one_hot(truth * width + predicted, width**2)
    totals = resampled_totals(np.hstack([cells, losses]), how, clusters)
    counts = confusion_matrix(truth, predicted)
    f1 = f1_scores(counts[None])[0]
    f1_samples = f1_scores(totals[:, : width**2].reshape(-1, width, width))
    sizes = totals[:, : width**2].sum(axis=1)

    def mean(column: int) -> Interval:
        samples = totals[:, width**2 + column] / sizes
        return percentile_interval(float(losses[:, column].mean()), samples, how.confidence)

    def share(among: npt.NDArray[np.bool_]) -> Interval:
        """Share of right answers among some rows."""
        inside = right[among]
        effect = design_effect(inside.astype(np.float64), renumbered(clusters, among))
        return wilson(int(inside.sum()), len(inside), how.confidence, effect)

    confidence = probabilities[np.arange(len(truth)), predicted]
    return Measures(
        accuracy=share(np.ones(len(truth), dtype=bool)),
        macro_f1=percentile_interval(f1.mean(), f1_samples.mean(axis=1), how.confidence),
        log_loss=mean(0),
        brier=mean(1),
        classes={
            label: ClassMeasures(
                precision=share(predicted == position),
                recall=share(truth == position),
                f1=percentile_interval(f1[position], f1_samples[:, position], how.confidence),
                support=int(counts[position].sum()),
            )
            for position, label in enumerate(LABELS)
        },
        confusion=tuple(tuple(int(cell) for cell in row) for row in counts),
        calibration=calibrate(right, confidence),
        selective=selective_accuracy(right, confidence),
    )


def confusion_matrix(truth: Ints, predicted: Ints) -> Ints:
    """Count rows by (truth, prediction).

    Args:
        truth: label indices, shape (n,).
        predicted: label indices, shape (n,).

    Returns:
        Counts of shape (3, 3): truth in rows, prediction in columns, ``LABELS`` order.
    """
    width = len(LABELS)
    return np.bincount(truth * width + predicted, minlength=width**2).reshape(width, width)


def f1_scores(counts: npt.NDArray[np.number]) -> Floats:
    """F1 of each label in r confusion matrices (r, 3, 3), shape (r, 3)."""
    right = 2 * np.diagonal(counts, axis1=1, axis2=2).astype(np.float64)
    mentions = counts.sum(axis=2) + counts.sum(axis=1)
    return np.asarray(np.divide(right, mentions, out=np.zeros_like(right), where=mentions > 0))


def row_log_losses(truth: Ints, probabilities: Floats) -> Floats:
    """Negative log probability of the true label, per row, in nats.

    Args:
        truth: label indices, shape (n,).
        probabilities: shape (n, 3), columns in ``LABELS`` order.

    Returns:
        Shape (n,); each at most ``-log(SMALLEST_PROBABILITY)``, about 34.5.
    """
    given = probabilities[np.arange(len(truth)), truth]
    return -np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0))


def row_brier_scores(truth: Ints, probabilities: Floats) -> Floats:
    """Squared distance of probabilities and truth, per row, 0 to 2 (Brier 1950).

    Args:
        truth: label indices, shape (n,).
        probabilities: shape (n, 3), columns in ``LABELS`` order.

    Returns:
        Shape (n,).
    """
    return np.asarray(((probabilities - one_hot(truth, len(LABELS))) ** 2).sum(axis=1))


def one_hot(indices: Ints, width: int) -> Floats:
    """Ones at the indices, shape (n, width)."""
    return np.asarray(np.eye(width)[indices])


def renumbered(clusters: Ints | None, among: npt.NDArray[np.bool_]) -> Ints | None:
    """Clusters of some of the rows, numbered from 0 without gaps again."""
    if clusters is None:
        return None
    return np.unique(clusters[among], return_inverse=True)[1].astype(np.int64)


def check_rows(truth: Ints, predicted: Ints, probabilities: Floats, clusters: Ints | None) -> None:
    """Refuse what cannot be measured.

    Raises:
        ValueError: no rows, arrays of different lengths, another shape than (n, 3), or a
            probability that is no number.
    """
    if not len(truth):
        raise ValueError("There are no rows to measure. Check the evaluation pairs.")
    if not len(truth) == len(predicted) == len(probabilities):
        raise ValueError(
            f"{len(truth)} labels, {len(predicted)} predictions and {len(probabilities)} rows of "
            "probabilities: they must belong to the same pairs. Predict these pairs again."
        )
    if probabilities.shape != (len(truth), len(LABELS)):
        raise ValueError(
            f"Probabilities have shape {probabilities.shape}, not ({len(truth)}, {len(LABELS)}): "
            "one column per label."
        )
    if clusters is not None and len(clusters) != len(truth):
        raise ValueError(f"{len(clusters)} cluster numbers for {len(truth)} rows: give as many.")
    if not np.isfinite(probabilities).all():
        row = int(np.argmin(np.isfinite(probabilities).all(axis=1)))
        raise ValueError(
            f"Row {row} has probabilities {probabilities[row].tolist()}: no numbers. The model or "
            "its predictions are damaged."
        )
