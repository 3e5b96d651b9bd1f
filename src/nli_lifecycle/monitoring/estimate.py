"""Quality without labels: what calibrated probabilities promise, and how surely.

Confidence-based performance estimation (CBPE): a model that is right on 80 of 100 answers whenever
it says 80% has, on any pairs, an accuracy near its mean confidence (Białek et al. 2024,
arXiv:2401.08348; average confidence in Garg et al. 2022, ICLR). It supposes that probabilities stay
calibrated. Where what a label *means* has changed, they do not, and only labels can tell: so the
estimate is refused when labels of late speak against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from statistics import NormalDist

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from nli_lifecycle.monitoring.calibration import CalibrationTest
from nli_lifecycle.monitoring.columns import Floats
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import BILLIONTHS, WIDTH, Summary
from nli_lifecycle.nli.metrics.measures import f1_scores


class EstimateSettings(BaseModel):
    """When an estimate is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_pairs: int = Field(100, ge=2, description="with fewer it is insufficient")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="two-sided level of the intervals")
    labelled_pairs: int = Field(200, ge=1, description="of late, to test the calibration on")
    level: float = Field(0.01, gt=0, lt=0.5, description="of the test of calibration")
    tolerance: float = Field(
        0.03, ge=0, le=1, description="calibration error beyond chance that is let pass, a share"
    )


@dataclass(frozen=True)
class Estimate:
    """A figure and its standard error."""

    value: float
    error: float


def estimate(
    summary: Summary,
    reference: Reference,
    calibration: CalibrationTest | None,
    settings: EstimateSettings,
) -> tuple[Finding, Finding]:
    """Estimated accuracy and macro-F1 of a window.

    Args:
        summary: of the window.
        reference: of the release.
        calibration: of the labelled pairs of late, of the same model; None: there are none.
        settings: when an estimate is given.

    Returns:
        ``estimated_accuracy`` and ``estimated_macro_f1``; ``low`` and ``high`` hold, at the
        settings' level, what the labels of these very pairs would show.
    """
    figures = {
        "estimated_accuracy": (estimated_accuracy(summary, reference), reference.accuracy),
        "estimated_macro_f1": (expected_macro_f1(summary), reference.macro_f1),
    }
    corrected = reference.same_pairs and reference.summary is not None
    state, why = _state(summary, calibration, settings)
    z = NormalDist().inv_cdf((1 + settings.confidence) / 2)
    found = []
    for name, (figure, evidence) in figures.items():
        shown = figure if state == "measured" else None
        exact = corrected and name == "estimated_accuracy"
        facts = reference.facts(evidence, settings.confidence, exact=exact)
        found.append(
            Finding(
                name=name,
                state="measured" if shown else "refused" if state == "refused" else "insufficient",
                value=shown and shown.value,
                low=shown and max(0.0, shown.value - z * shown.error),
                high=shown and min(1.0, shown.value + z * shown.error),
                **facts,
                pairs=summary.pairs,
                why=why,
            )
        )
    return found[0], found[1]


def estimated_accuracy(summary: Summary, reference: Reference) -> Estimate:
    """Mean confidence, less what it was too high by when the release was evaluated.

    Even a calibrated model promises a little too much or too little. Where the evidence's pairs
    were summed up, the difference is known, with the error that those pairs' labels leave.
    """
    promised = expected_accuracy(summary)
    if reference.accuracy is None or reference.summary is None or not reference.same_pairs:
        return promised
    before = expected_accuracy(reference.summary)
    value = promised.value + reference.accuracy.estimate - before.value
    return Estimate(min(1.0, max(0.0, value)), hypot(promised.error, before.error))


def expected_accuracy(summary: Summary) -> Estimate:
    """Mean confidence, and how far the accuracy of these pairs may lie from it.

    Each answer is right with its own probability c, so right answers are Poisson-binomial: mean
    Σ c, variance Σ c (1 − c) (Wang 1993, Statistica Sinica 3: 295-312). That is what the labels of
    these pairs would do; the pairs are not taken as a sample of others.
    """
    confidence, squares = _confidence(summary)
    pairs = max(1, summary.pairs)
    return Estimate(confidence / pairs, sqrt(max(0.0, confidence - squares)) / pairs)


def mean_confidence(summary: Summary) -> Estimate:
    """Mean confidence, and how far another sample's from the same traffic may lie from it.

    The standard error of a mean, √(var(c) / n), and more where pairs were asked together: what a
    window's estimate is to be compared by with that of another window, or of the reference.
    """
    confidence, squares = _confidence(summary)
    pairs = max(2, summary.pairs)
    mean = confidence / pairs
    error = sqrt(max(0.0, squares / pairs - mean * mean) / (pairs - 1))
    return Estimate(mean, error * sqrt(summary.design_effect("confidence")))


def expected_macro_f1(summary: Summary) -> Estimate:
    """Macro-F1 of the expected confusion matrix, with its standard error by the delta method.

    Among the pairs given label j, the true labels are independent draws from each pair's
    probabilities: their counts C(·, j) have the covariance diag(Σ p) − Σ p pᵀ. With the mentions
    m(k) = predicted(k) + Σ C(k, ·), F1(k) = 2 C(k, k) / m(k) has the gradient 2 [j = k] / m(k) −
    2 C(k, k) / m(k)² along C(k, j). Var = Σ over j of gᵀ V g (Casella & Berger 2002, ch. 5.5.4).
    """
    expected = summary.expected / BILLIONTHS
    value = float(f1_scores(expected[None])[0].mean())
    gradient = _macro_f1_gradient(expected)
    variance = 0.0
    for given in range(WIDTH):
        among = np.diag(expected[:, given]) - summary.products[given] / BILLIONTHS
        variance += float(gradient[:, given] @ among @ gradient[:, given])
    return Estimate(value, sqrt(max(0.0, variance)))


def _macro_f1_gradient(expected: Floats) -> Floats:
    """Of macro-F1 along the cells of a confusion matrix whose predictions are known, (3, 3)."""
    mentions = expected.sum(axis=1) + expected.sum(axis=0)
    safe = np.where(mentions > 0, mentions, 1.0)
    gradient = np.repeat(-2 * np.diagonal(expected)[:, None] / safe[:, None] ** 2, WIDTH, axis=1)
    gradient[np.arange(WIDTH), np.arange(WIDTH)] += 2 / safe
    gradient[mentions <= 0] = 0
    return np.asarray(gradient / WIDTH)


def _confidence(summary: Summary) -> tuple[float, float]:
    """Σ c and Σ c²."""
    each = np.arange(WIDTH)
    confidence = int(np.trace(summary.expected)) / BILLIONTHS
    return confidence, int(summary.products[each, each, each].sum()) / BILLIONTHS


def _state(
    summary: Summary, calibration: CalibrationTest | None, settings: EstimateSettings
) -> tuple[str, str]:
    labelled = calibration.pairs if calibration else 0
    if calibration and labelled >= settings.labelled_pairs:
        if calibration.bad(settings.level, settings.tolerance):
            apart, chance = 100 * calibration.ece, 100 * calibration.chance
            return "refused", (
                f"On {labelled} labelled pairs of late, confidence and accuracy lie {apart:.1f} "
                f"points apart, {chance:.1f} of which would be chance (p = "
                f"{calibration.p_value:.2g}): confidence does not tell how good it is. Go by the "
                "labels; calibrate anew, or retrain."
            )
    if summary.pairs < settings.minimum_pairs:
        damaged = f" and {summary.damaged} damaged rows" if summary.damaged else ""
        return "insufficient", (
            f"{summary.pairs} pairs{damaged}, at least {settings.minimum_pairs} are asked for: "
            "wait for more, or make windows longer."
        )
    if labelled < settings.labelled_pairs:
        return "measured", (
            f"Its calibration was not checked: {labelled} labelled pairs of late, "
            f"{settings.labelled_pairs} are asked for."
        )
    return "measured", ""
