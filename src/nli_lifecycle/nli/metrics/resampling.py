"""The bootstrap: rows, or whole clusters of rows, drawn anew with replacement.

Efron & Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13 (percentile intervals); rows
that share a premise stand or fall together, so clusters are drawn whole (Davison & Hinkley
1997, "Bootstrap Methods and their Application", section 3.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.metrics.figures import Interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Weights drawn at once: bounds the memory to some 30 MB whatever the number of rows.
WEIGHTS_PER_CHUNK = 1_000_000
#: Of bootstrap figures: far below what anybody decides by.
DECIMALS = 10


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: their confidence, the number of resamples, and the seed."""

    confidence: float = 0.95
    resamples: int = 2_000
    seed: int = 13


def resampled_totals(values: Floats, how: Resampling, clusters: Ints | None = None) -> Floats:
    """Column sums of bootstrap samples of the rows.

    Whatever follows from sums (means, confusion matrices as sums of one-hot cells) is resampled
    with one product of weights and values, and all columns see the same resamples.

    Args:
        values: shape (n, k).
        how: number and seed of the resamples.
        clusters: a number per row, shape (n,), from 0 without gaps; None: every row by itself.

    Returns:
        Shape (resamples, k); the same arguments give the same totals. A single cluster holds no
        word about how clusters vary: then rows are drawn, and the intervals are too narrow.
    """
    several = clusters is not None and bool((clusters != clusters[0]).any())
    sums = cluster_sums(values, clusters) if several and clusters is not None else values
    units = len(sums)
    generator = np.random.default_rng(how.seed)
    at_once = max(1, WEIGHTS_PER_CHUNK // units)
    totals = np.empty((how.resamples, values.shape[1]))
    for start in range(0, how.resamples, at_once):
        size = min(at_once, how.resamples - start)
        drawn = generator.integers(units, size=(size, units))
        drawn += units * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units)
        totals[start : start + size] = weights.astype(np.float64) @ sums
    return totals


def cluster_sums(values: Floats, clusters: Ints) -> Floats:
    """Sums of the rows of every cluster, shape (clusters, k)."""
    return np.column_stack([np.bincount(clusters, weights=column) for column in values.T])


def percentile_interval(estimate: float, samples: Floats, confidence: float) -> Interval:
    """The middle ``confidence`` of the samples, around the estimate on the rows themselves.

    Rounded to ``DECIMALS``: in what order a machine adds must not make other evidence.
    """
    outside = (1 - confidence) / 2
    bounds = np.quantile(samples, [outside, 1 - outside])
    return Interval(*(round(float(figure), DECIMALS) for figure in (estimate, *bounds)))
