"""How good a classifier is on labelled pairs, and how sure one can be of that.

Every figure comes with a bootstrap percentile interval. Resampling n rows with replacement
and counting the cells of a confusion matrix *is* one draw of a multinomial distribution, so
everything that follows from counts is resampled exactly, without touching the rows again. Only
log loss, a mean over rows, needs row indices; they are drawn in chunks of bounded memory.

Conventions: labels are indices into ``LABELS``; confusion matrices have the truth in rows and
the prediction in columns; a ratio with an empty denominator is 0, as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.labels import LABELS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Probabilities are clipped to at least this before the logarithm of log loss.
SMALLEST_PROBABILITY = 1e-15
#: Row indices drawn at once: bounds the memory of the log loss bootstrap to about 60 MB.
INDICES_PER_CHUNK = 2_000_000


@dataclass(frozen=True)
class Interval:
    """A figure with the bounds between which it lies with the asked confidence."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ClassMeasures:
    """Precision, recall and F1 of one label, and how many rows truly carry it."""

    precision: Interval
    recall: Interval
    f1: Interval
    support: int


@dataclass(frozen=True)
class Measures:
    """Everything measured about one model; ``log_loss`` in nats, the rest as shares of 1."""

    accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    classes: dict[str, ClassMeasures]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: their confidence, the number of resamples, and the seed."""

    confidence: float = 0.95
    resamples: int = 2_000
    seed: int = 13


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


def measure(truth: Ints, predicted: Ints, probabilities: Floats, how: Resampling) -> Measures:
    """Measure one model on n labelled rows.

    Args:
        truth: label indices, shape (n,).
        predicted: the model's label indices, shape (n,).
        probabilities: shape (n, 3), in ``LABELS`` order.
        how: confidence, number and seed of the resamples.

    Returns:
        Accuracy, macro-F1, log loss and per-class figures with intervals; the confusion matrix.

    Raises:
        ValueError: no rows, or arrays of different lengths.
    """
    _check_lengths(truth, predicted, probabilities)
    counts = confusion_matrix(truth, predicted)
    drawn = _draw_counts(counts.ravel(), how).reshape(-1, *counts.shape)
    figures, samples = _figures(counts[None]), _figures(drawn)

    def interval(name: str, label: int | None = None) -> Interval:
        which = ... if label is None else np.s_[:, label]
        return _interval(float(figures[name][which][0]), samples[name][which], how)

    losses = row_log_losses(truth, probabilities)
    return Measures(
        accuracy=interval("accuracy"),
        macro_f1=interval("macro_f1"),
        log_loss=_interval(float(losses.mean()), _resampled_means(losses, how), how),
        classes={
            label: ClassMeasures(
                precision=interval("precision", position),
                recall=interval("recall", position),
                f1=interval("f1", position),
                support=int(counts[position].sum()),
            )
            for position, label in enumerate(LABELS)
        },
        confusion=tuple(tuple(int(cell) for cell in row) for row in counts),
    )


def compare(
    truth: Ints,
    candidate: tuple[Ints, Floats],
    champion: tuple[Ints, Floats],
    how: Resampling,
) -> dict[str, Interval]:
    """Differences candidate − champion on identical rows, by the paired bootstrap.

    Each resample takes the same rows for both models, so what both get right or wrong
    together cancels out: the interval is as narrow as the models' disagreement allows.

    Args:
        truth: label indices, shape (n,).
        candidate: label indices (n,) and probabilities (n, 3) of the candidate.
        champion: the same of the champion.
        how: confidence, number and seed of the resamples.

    Returns:
        Interval per metric: ``accuracy`` and ``macro_f1`` (positive: the candidate is better)
        and ``log_loss`` (negative: the candidate is better).

    Raises:
        ValueError: no rows, or arrays of different lengths.
    """
    for predicted, probabilities in (candidate, champion):
        _check_lengths(truth, predicted, probabilities)
    width = len(LABELS)
    cells = (truth * width + candidate[0]) * width + champion[0]
    counts = np.bincount(cells, minlength=width**3).reshape(1, width, width, width)
    drawn = _draw_counts(counts.ravel(), how).reshape(-1, width, width, width)

    differences = {}
    for name in ("accuracy", "macro_f1"):
        estimate, samples = (
            _figures(joint.sum(axis=3))[name] - _figures(joint.sum(axis=2))[name]
            for joint in (counts, drawn)
        )
        differences[name] = _interval(float(estimate[0]), samples, how)
    losses = row_log_losses(truth, candidate[1]) - row_log_losses(truth, champion[1])
    differences["log_loss"] = _interval(float(losses.mean()), _resampled_means(losses, how), how)
    return differences


def _check_lengths(truth: Ints, predicted: Ints, probabilities: Floats) -> None:
    if not len(truth):
        raise ValueError("There are no rows to measure. Check the evaluation pairs.")
    if not len(truth) == len(predicted) == len(probabilities):
        raise ValueError(
            f"{len(truth)} labels, {len(predicted)} predictions and {len(probabilities)} rows of "
            "probabilities: they must belong to the same pairs. Predict these pairs again."
        )


def _figures(counts: Ints) -> dict[str, Floats]:
    """Accuracy (r,), macro-F1 (r,) and per-class figures (r, 3) of r confusion matrices."""
    right = np.diagonal(counts, axis1=1, axis2=2).astype(np.float64)
    truths, predictions = counts.sum(axis=2), counts.sum(axis=1)
    f1 = _ratio(2 * right, truths + predictions)
    return {
        "accuracy": right.sum(axis=1) / counts.sum(axis=(1, 2)),
        "macro_f1": f1.mean(axis=1),
        "precision": _ratio(right, predictions),
        "recall": _ratio(right, truths),
        "f1": f1,
    }


def _ratio(above: Floats, below: Ints) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _draw_counts(counts: Ints, how: Resampling) -> Ints:
    """Counts of ``how.resamples`` bootstrap samples, shape (resamples, cells)."""
    total = int(counts.sum())
    return np.random.default_rng(how.seed).multinomial(total, counts / total, size=how.resamples)


def _resampled_means(values: Floats, how: Resampling) -> Floats:
    """Means of ``how.resamples`` bootstrap samples of the values, shape (resamples,)."""
    generator = np.random.default_rng(how.seed)
    rows = len(values)
    at_once = max(1, INDICES_PER_CHUNK // rows)
    means = [
        values[generator.integers(rows, size=(min(at_once, how.resamples - start), rows))].mean(1)
        for start in range(0, how.resamples, at_once)
    ]
    return np.concatenate(means)


def _interval(estimate: float, samples: Floats, how: Resampling) -> Interval:
    outside = (1 - how.confidence) / 2
    lower, upper = np.quantile(samples, [outside, 1 - outside])
    return Interval(estimate, float(lower), float(upper))
