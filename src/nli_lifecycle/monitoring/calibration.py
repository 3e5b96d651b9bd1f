"""Whether confidence still means what it says, by labels of late; from sums, in bounded memory.

An estimate of accuracy from confidence is worth what the confidence is. Two tests, because each is
blind to something: Spiegelhalter's sees where the Brier score is not what the probabilities
promise, the binned one where confidence and accuracy part.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, pi, sqrt

import numpy as np
from scipy.special import chdtrc as chi_square_tail

from nli_lifecycle.monitoring.columns import Floats, Ints
from nli_lifecycle.monitoring.holm import holm
from nli_lifecycle.monitoring.summary import BILLIONTHS, billionths

#: Lower ends of the bins of confidence but the first; finer where confidences crowd.
BIN_EDGES = np.array([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 0.99])
LEAST_VARIANCE = 1.0  # expected wrong-and-right of a bin's test, else it joins its neighbour


@dataclass(frozen=True)
class CalibrationSums:
    """Labelled pairs, summed up; ``a + b`` is the sum of both. Sums are billionths, shape (bins,).

    Attributes:
        pairs: by bin of confidence.
        right: how many of them were answered rightly.
        confidence: sum of the probability of the label given.
        variance: sum of c (1 − c).
        brier: sum of Σ p² − p(true), half of what the Brier score is above its promise; shape (1,).
        brier_variance: sum of Σ p³ − (Σ p²)², the variance of that; shape (1,).
    """

    pairs: Ints
    right: Ints
    confidence: Ints
    variance: Ints
    brier: Ints
    brier_variance: Ints

    @classmethod
    def of(cls, truth: Ints, predicted: Ints, probabilities: Floats) -> CalibrationSums:
        """Sum up labelled pairs.

        Args:
            truth: label indices, shape (n,).
            predicted: label indices, shape (n,).
            probabilities: shape (n, 3).
        """
        confidence = probabilities[np.arange(len(truth)), predicted]
        bins = np.searchsorted(BIN_EDGES, confidence, side="right")
        squares = (probabilities**2).sum(axis=1)
        true = probabilities[np.arange(len(truth)), truth]

        def by_bin(values: Ints) -> Ints:
            sums = np.zeros(len(BIN_EDGES) + 1, np.int64)
            np.add.at(sums, bins, values)
            return sums

        return cls(
            pairs=by_bin(np.ones(len(truth), np.int64)),
            right=by_bin((truth == predicted).astype(np.int64)),
            confidence=by_bin(billionths(confidence)),
            variance=by_bin(billionths(confidence * (1 - confidence))),
            brier=billionths(squares - true).sum(keepdims=True),
            brier_variance=billionths((probabilities**3).sum(axis=1) - squares**2).sum(
                keepdims=True
            ),
        )

    def __add__(self, other: CalibrationSums) -> CalibrationSums:
        """The sums of both."""
        return CalibrationSums(*(mine + yours for mine, yours in zip(self._sums(), other._sums())))

    def _sums(self) -> tuple[Ints, ...]:
        return (
            self.pairs,
            self.right,
            self.confidence,
            self.variance,
            self.brier,
            self.brier_variance,
        )


@dataclass(frozen=True)
class CalibrationTest:
    """What labels say of confidence.

    Attributes:
        pairs: labelled pairs.
        ece: expected calibration error in fixed bins, a share.
        chance: the error that a perfectly calibrated model would show on as many pairs.
        z: Spiegelhalter's; positive: worse than the probabilities promise.
        p_value: of both tests, the smaller one, corrected for their number (Holm).
    """

    pairs: int
    ece: float
    chance: float
    z: float
    p_value: float

    def bad(self, level: float, tolerance: float) -> bool:
        """Whether confidence is off, surely and by so much that it matters.

        Args:
            level: of the tests.
            tolerance: error beyond chance, a share, that is let pass: with labels enough every
                model fails a test.
        """
        return self.p_value < level and self.ece - self.chance > tolerance


def calibration_test(sums: CalibrationSums) -> CalibrationTest:
    """Test calibration.

    Spiegelhalter 1986, Statistics in Medicine 5: 421-433, for three labels: under the probabilities
    the Brier score has the mean Σ (1 − Σ p²) and the variance 4 Σ (Σ p³ − (Σ p²)²).
    Hosmer & Lemeshow 1980, with as many degrees of freedom as bins, because nothing was fitted on
    these pairs: Σ (right − Σ c)² / Σ c (1 − c). The chance error sums the bins' half-normal means,
    √(2/π · Σ c (1 − c)) / n.
    """
    pairs = int(sums.pairs.sum())
    if pairs == 0:
        return CalibrationTest(0, 0.0, 0.0, 0.0, 1.0)
    gap = sums.right - sums.confidence / BILLIONTHS
    variance = sums.variance / BILLIONTHS
    ece = float(np.abs(gap).sum()) / pairs
    chance = float(np.sqrt(2 / pi * variance).sum()) / pairs
    spread = sqrt(int(sums.brier_variance[0]) / BILLIONTHS)
    z = int(sums.brier[0]) / BILLIONTHS / spread if spread > 0 else 0.0
    gaps, variances = _joined(gap, variance)
    binned = float(chi_square_tail(len(gaps), (gaps**2 / variances).sum())) if len(gaps) else 1.0
    p_value = min(holm([erfc(abs(z) / sqrt(2)), binned]))
    return CalibrationTest(pairs, ece, chance, z, p_value)


def _joined(gap: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Bins joined until each has variance enough for the normal approximation of its gap."""
    gaps, variances = [0.0], [0.0]
    for place in range(len(gap)):
        if variances[-1] >= LEAST_VARIANCE:
            gaps.append(0.0)
            variances.append(0.0)
        gaps[-1] += float(gap[place])
        variances[-1] += float(variance[place])
    if len(gaps) > 1 and variances[-1] < LEAST_VARIANCE:
        last = gaps.pop(), variances.pop()
        gaps[-1], variances[-1] = gaps[-1] + last[0], variances[-1] + last[1]
    if variances[-1] <= 0:
        return np.empty(0), np.empty(0)
    return np.array(gaps), np.array(variances)
