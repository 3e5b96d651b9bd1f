"""Whether a window's rows look like those of quiet times: tests on counts, each with its effect.

A p-value says whether there is a change, an effect size whether it matters: with rows enough
everything has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import chdtrc as chi_square_tail

from nli_lifecycle.monitoring.columns import Floats, Ints
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.summary import Summary

#: Features whose distributions are compared; the mix of labels is compared besides.
FEATURES = ("confidence", "premise_words", "hypothesis_words", "overlap", "unknown_share")
TENTHS = 10  # bins of about equally many rows that a distribution is compared in
LEAST_EXPECTED = 5.0  # rows of a cell; chi-square's approximation fails below (Cochran 1954)


class DriftSettings(BaseModel):
    """When drift is measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_pairs: int = Field(100, ge=10, description="of a window, and of the reference")
    minimum_premises: int = Field(
        30,
        ge=2,
        description="that these pairs are about: pairs of one premise in one request hang "
        "together, and how much so cannot be told from fewer",
    )


@dataclass(frozen=True)
class Shift:
    """How two samples' distributions differ.

    Attributes:
        distance: a share, 0 to 1.
        effect: size, on the scale that the maker names.
        p_value: of "they are the same", uncorrected.
    """

    distance: float
    effect: float
    p_value: float


def drift(
    summary: Summary, reference: Summary | None, settings: DriftSettings
) -> tuple[Finding, ...]:
    """Compare a window with the reference.

    Args:
        summary: of the window.
        reference: rows of quiet times; None: none are known.
        settings: when drift is measured.

    Returns:
        ``label_mix``, then one finding per feature. ``value`` is a distance (share), ``effect``
        Cohen's w for the mix of labels, the population stability index for features; ``p_value``
        is not corrected yet: ``corrected`` does so with all others of the window.
    """
    names = ("label_mix", *FEATURES)
    why = _too_few(summary, reference, settings)
    if reference is None or why:
        state = "missing" if reference is None else "insufficient"
        return tuple(Finding(name=n, state=state, pairs=summary.pairs, why=why) for n in names)
    samples = reference, summary
    effects = reference.label_effect(), summary.label_effect()
    shifts = {"label_mix": label_mix(reference.predicted, summary.predicted, effects)}
    for name in FEATURES:
        before, now = reference.histograms[name], summary.histograms[name]
        if before[:-1].any() and now[:-1].any():
            effects = samples[0].design_effect(name), samples[1].design_effect(name)
            shifts[name] = distribution(before, now, effects)
    return tuple(
        Finding(
            name=name,
            state="measured",
            value=shifts[name].distance,
            effect=shifts[name].effect,
            p_value=shifts[name].p_value,
            pairs=summary.pairs,
        )
        if name in shifts
        else Finding(
            name=name,
            state="missing",
            pairs=summary.pairs,
            why=f"No row of the window, or none of the reference, says {name}.",
        )
        for name in names
    )


def label_mix(before: Ints, now: Ints, effects: tuple[float, float] = (1.0, 1.0)) -> Shift:
    """Whether the labels given are mixed as before.

    Total variation distance ½ Σ |p − q|: the share of answers that would have to be others.
    Effect: Cohen's w, √(Σ (p − q)² / q) (Cohen 1988, ch. 7: 0.1 small, 0.3 medium, 0.5 large),
    labels that were never given before taken as given once.

    Args:
        before: rows by label, shape (k,).
        now: likewise, of the window.
        effects: design effects of both.
    """
    p, q = now / now.sum(), np.maximum(before, 1) / before.sum()
    w = sqrt(float(((p - q) ** 2 / q).sum()))
    distance = float(np.abs(p - before / before.sum()).sum()) / 2
    return Shift(distance, w, homogeneity(before / effects[0], now / effects[1]))


def distribution(before: Ints, now: Ints, effects: tuple[float, float] = (1.0, 1.0)) -> Shift:
    """Whether a figure is distributed as before.

    Kolmogorov's distance: the largest difference of the cumulative shares, at any bin's end.
    Effect: population stability index, Σ (p − q) ln (p / q), over tenths of both samples together,
    each share smoothed by half a row (Siddiqi 2006: 0.1 is some change, 0.25 much). Its expected
    value without any change is about 9 (1 / n + 1 / m), 0.02 for a window of 500.
    Test: chi-square of homogeneity over the same tenths; which they are depends on both samples
    together only, so that quiet windows are accused as often as the level says.

    Args:
        before: rows by bin, shape (bins,), the last bin being the rows that do not say.
        now: likewise, of the window.
        effects: design effects of both.
    """
    cumulative = np.cumsum(now) / now.sum() - np.cumsum(before) / before.sum()
    first, second = tenths(before, now)
    p = (second + 0.5) / (second.sum() + 0.5 * len(second))
    q = (first + 0.5) / (first.sum() + 0.5 * len(first))
    stability = float(((p - q) * np.log(p / q)).sum())
    p_value = homogeneity(first / effects[0], second / effects[1])
    return Shift(float(np.abs(cumulative).max()), stability, p_value)


def tenths(before: Ints, now: Ints) -> tuple[Ints, Ints]:
    """Neighbouring bins joined until each holds a tenth of all rows, shapes (k,), k ≤ 10."""
    both = before + now
    middle = (np.cumsum(both) - both / 2) / both.sum()  # where in all rows a bin's middle lies
    place = np.minimum((middle * TENTHS).astype(np.int64), TENTHS - 1)
    joined = np.stack([np.bincount(place, c, TENTHS).astype(np.int64) for c in (before, now)])
    kept = joined.sum(axis=0) > 0
    return joined[0][kept], joined[1][kept]


def homogeneity(before: Ints | Floats, now: Ints | Floats) -> float:
    """p-value of Pearson's chi-square test that two samples are of one distribution.

    Counts of rows that hang together are divided by their design effect before, which makes them
    counts of so many independent ones (Rao & Scott 1992, Biometrics 48: 577-585).
    Cells that would hold fewer than five rows are joined with the next smallest; the reference's
    own sampling error is in the test. 1 where only one cell is left.
    """
    counts = np.stack([before, now]).astype(np.float64)
    counts = counts[:, np.argsort(-counts.sum(axis=0), kind="stable")]
    share = counts.sum(axis=1).min() / counts.sum()
    while counts.shape[1] > 1 and counts[:, -1].sum() * share < LEAST_EXPECTED:
        counts = np.column_stack([counts[:, :-2], counts[:, -2] + counts[:, -1]])
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    freedom = counts.shape[1] - 1
    if freedom == 0:
        return 1.0
    return float(chi_square_tail(freedom, ((counts - expected) ** 2 / expected).sum()))


def _too_few(summary: Summary, reference: Summary | None, settings: DriftSettings) -> str:
    if reference is None:
        return (
            "There is nothing to compare with: give the evaluation set's rows, or the first "
            "windows after the release."
        )
    for whose, pairs in (("the window", summary.pairs), ("the reference", reference.pairs)):
        if pairs < settings.minimum_pairs:
            return f"{pairs} pairs in {whose}, at least {settings.minimum_pairs} are asked for."
    for whose, some in (("the window", summary), ("the reference", reference)):
        if some.premises < settings.minimum_premises:
            return (
                f"The {some.pairs} pairs of {whose} are about {some.premises} premises, at least "
                f"{settings.minimum_premises} are asked for: make windows longer."
            )
    return ""
