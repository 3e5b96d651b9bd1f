"""Score intervals for shares of rows: honest also where little, or nothing, went wrong.

The bootstrap of three right answers out of three knows no error, and that of two models that
never disagree is a point; score intervals invert a test and keep their level there.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.nli.metrics.resampling import cluster_sums


def wilson(right: int, rows: int, confidence: float, design_effect: float = 1.0) -> Interval:
    """Wilson's score interval for a share (Wilson 1927, JASA 22: 209-212).

    Args:
        right: rows that count.
        rows: all rows; 0 gives the share 0 with the interval from 0 to 1: nothing is known.
        confidence: two-sided level.
        design_effect: by which correlated rows are fewer than they seem (Rao & Scott 1992).

    Returns:
        Share of 1 with its bounds.
    """
    if rows == 0:
        return Interval(0.0, 0.0, 1.0)
    share, n = right / rows, rows / design_effect
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    lower, upper = ((centre + side * half) / (1 + z * z / n) for side in (-1, 1))
    return Interval(share, max(0.0, min(lower, share)), min(1.0, max(upper, share)))


def paired_difference(
    rows: int,
    only_candidate: int,
    only_champion: int,
    bound_confidence: float,
    design_effect: float = 1.0,
) -> Interval:
    """Tango's score interval for the difference of two shares on the same rows.

    Inverts the score test of "the difference is d", with the nuisance share at its restricted
    maximum likelihood (Tango 1998, Statistics in Medicine 17: 891-908).

    Args:
        rows: all rows, at least 1.
        only_candidate: rows that only the candidate gets right.
        only_champion: rows that only the champion gets right.
        bound_confidence: one-sided level of each bound.
        design_effect: by which correlated rows are fewer than they seem (Rao & Scott 1992).

    Returns:
        Difference of shares, candidate − champion, with its bounds.
    """
    if not (0 <= only_candidate and 0 <= only_champion <= rows - only_candidate and rows > 0):
        raise ValueError(
            f"{only_candidate} + {only_champion} disagreements on {rows} rows: impossible counts."
        )
    n, b, c = (count / design_effect for count in (rows, only_candidate, only_champion))
    estimate = (only_candidate - only_champion) / rows
    z = NormalDist().inv_cdf(bound_confidence)
    near_one = 1 - 1e-12

    def excess(difference: float, side: float) -> float:
        return _score(n, b, c, difference) - side * z

    lower, upper = -1.0, 1.0
    if excess(-near_one, 1) > 0 > excess(estimate, 1) and estimate > -near_one:
        lower = float(brentq(excess, -near_one, estimate, args=(1,), xtol=1e-12))
    if excess(near_one, -1) < 0 < excess(estimate, -1) and estimate < near_one:
        upper = float(brentq(excess, estimate, near_one, args=(-1,), xtol=1e-12))
    return Interval(estimate, min(lower, estimate), max(upper, estimate))


def design_effect(values: npt.NDArray[np.float64], clusters: npt.NDArray[np.int64] | None) -> float:
    """Variance of a mean of clustered rows, relative to independent ones.

    Linearised between-cluster variance over the variance of independent rows (Kish 1965,
    "Survey Sampling"; Rao & Scott 1992, Biometrics 48: 577-585).

    Args:
        values: shape (n,).
        clusters: a number per row, shape (n,), from 0 without gaps; None: independent rows.

    Returns:
        At least 1: clustering is never taken as a reason to be surer.
    """
    if clusters is None or len(values) < 2:
        return 1.0
    deviations = values - values.mean()
    independent = float((deviations**2).sum())
    sums = cluster_sums(deviations[:, None], clusters)[:, 0]
    if independent == 0 or len(sums) < 2:
        return 1.0
    clustered = float((sums**2).sum()) * len(sums) / (len(sums) - 1)
    return max(1.0, clustered / independent)


def _score(n: float, b: float, c: float, difference: float) -> float:
    """Tango's statistic: standard normal if the true difference is this one; falls in it."""
    linear = -b - c + (2 * n - b + c) * difference
    constant = -c * difference * (1 - difference)
    root = sqrt(max(0.0, linear * linear - 8 * n * constant))
    nuisance = (root - linear) / (4 * n)  # restricted estimate of the share only_champion / rows
    variance = n * (2 * nuisance + difference * (1 - difference))
    above = b - c - n * difference
    if variance <= 0:
        return 0.0 if above == 0 else float("inf") if above > 0 else float("-inf")
    return above / sqrt(variance)
