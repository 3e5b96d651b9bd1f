"""Quality by labels: how good a window's answers turned out to be."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from nli_lifecycle.monitoring.columns import Floats
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import WIDTH, Summary
from nli_lifecycle.nli.metrics.measures import f1_scores
from nli_lifecycle.nli.metrics.proportions import wilson
from nli_lifecycle.nli.metrics.resampling import percentile_interval


class RealisedSettings(BaseModel):
    """When labels are enough, and in.

    Labels that come first are not like the others: complaints come before praise, easy pairs are
    annotated before hard ones. So a window is judged once most of its labels are there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels_per_pair: float = Field(
        1.0, gt=0, le=1, description="share of all pairs that get a label in the end"
    )
    complete: float = Field(
        0.8, gt=0, le=1, description="share of these labels that must be in for a window's verdict"
    )
    oldest: timedelta = Field(
        timedelta(days=14), description="age at which a window is judged by what is there"
    )
    minimum_labels: int = Field(50, ge=2, description="with fewer it is insufficient")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="two-sided level of the intervals")
    resamples: int = Field(2_000, ge=100, description="for the interval of macro-F1")
    seed: int = Field(13, ge=0, description="of the resamples")


def realised(
    summary: Summary,
    labelled: Labelled,
    reference: Reference,
    now: datetime,
    settings: RealisedSettings,
) -> tuple[Finding, Finding, Finding]:
    """Realised accuracy and macro-F1 of a window, and how far the estimate was off.

    Args:
        summary: of the window.
        labelled: its labelled pairs.
        reference: of the release.
        now: with a zone; by it a window has an age.
        settings: when labels are enough, and in.

    Returns:
        ``realised_accuracy`` (Wilson score interval), ``realised_macro_f1`` (bootstrap), and
        ``estimate_gap``: accuracy − mean confidence *of the same labelled pairs*, so that which
        pairs get labels cancels out. Interval: normal, from the variance of right − c. p-value, of
        "confidence is calibrated": z = Σ (right − c) / √(Σ c (1 − c)), not corrected yet.
    """
    why = _why_not_yet(summary, labelled, now, settings)
    state = "missing" if not labelled.pairs else "insufficient" if why else "measured"
    evidence = reference.accuracy, reference.macro_f1
    before = [None if figure is None else figure.estimate for figure in evidence]
    if state != "measured":
        names = zip(("realised_accuracy", "realised_macro_f1", "estimate_gap"), (*before, 0.0))
        first, second, third = (
            Finding(name=name, state=state, reference=known, pairs=labelled.pairs, why=why)
            for name, known in names
        )
        return first, second, third
    accuracy = wilson(labelled.right, labelled.pairs, settings.confidence)
    f1 = float(f1_scores(labelled.confusion[None])[0].mean())
    macro_f1 = percentile_interval(f1, _resampled(labelled, settings), settings.confidence)
    return (
        Finding(
            name="realised_accuracy",
            state="measured",
            value=accuracy.estimate,
            low=accuracy.lower,
            high=accuracy.upper,
            **reference.facts(evidence[0], settings.confidence),
            pairs=labelled.pairs,
        ),
        Finding(
            name="realised_macro_f1",
            state="measured",
            value=macro_f1.estimate,
            low=macro_f1.lower,
            high=macro_f1.upper,
            **reference.facts(evidence[1], settings.confidence),
            pairs=labelled.pairs,
        ),
        _gap(labelled, settings),
    )


def feedback_without_prediction(count: int, named: tuple[tuple[str, int], ...]) -> Finding:
    """Labels about answers that the log does not hold: how many, and the first few by name."""
    pairs = ", ".join(f"{request} at {position}" for request, position in named)
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return Finding(
        name="feedback_without_prediction",
        state="measured",
        value=float(count),
        pairs=count,
        why=f"No prediction for {pairs}{more}: deleted from the log, still in the service's "
        "journal, or a wrong request id."
        if count
        else "",
    )


def _gap(labelled: Labelled, settings: RealisedSettings) -> Finding:
    pairs = labelled.pairs
    total = labelled.right - labelled.confidence
    mean = total / pairs
    squares = labelled.gap_squares / 1e9
    error = sqrt(max(0.0, squares / pairs - mean * mean) / (pairs - 1))
    half = NormalDist().inv_cdf((1 + settings.confidence) / 2) * error
    spread = sqrt(labelled.variance)
    return Finding(
        name="estimate_gap",
        state="measured",
        value=mean,
        low=mean - half,
        high=mean + half,
        reference=0.0,
        p_value=erfc(abs(total) / spread / sqrt(2)) if spread > 0 else float(total == 0),
        pairs=pairs,
    )


def _resampled(labelled: Labelled, settings: RealisedSettings) -> Floats:
    """Macro-F1 of bootstrap samples: resampled rows are multinomial cells of the matrix."""
    generator = np.random.default_rng(settings.seed)
    shares = labelled.confusion.ravel() / labelled.pairs
    drawn = generator.multinomial(labelled.pairs, shares, size=settings.resamples)
    return np.asarray(f1_scores(drawn.reshape(-1, WIDTH, WIDTH)).mean(axis=1))


def _why_not_yet(
    summary: Summary, labelled: Labelled, now: datetime, settings: RealisedSettings
) -> str:
    """Why a window cannot be judged by its labels; empty: it can."""
    if not labelled.pairs:
        return f"None of {summary.pairs} pairs has a label: send feedback, or wait for it."
    expected = settings.labels_per_pair * summary.pairs
    age = now - summary.end if summary.end else timedelta(0)
    if labelled.pairs < settings.complete * expected and age < settings.oldest:
        skew = " Its last row is of the future: check the services' clocks." if age < -SKEW else ""
        return (
            f"{labelled.pairs} of about {expected:.0f} labels are in; it is judged at "
            f"{settings.complete:.0%} of them, or {settings.oldest.days} days old.{skew}"
        )
    if labelled.pairs < settings.minimum_labels:
        return f"{labelled.pairs} labels, at least {settings.minimum_labels} are asked for."
    return ""


SKEW = timedelta(minutes=5)  # by which clocks of a healthy fleet may differ
