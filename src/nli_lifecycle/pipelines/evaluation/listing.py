"""The evidence as MLflow metrics: plain numbers under names that never change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from nli_lifecycle.lifecycle.evidence import Evidence, Trust
from nli_lifecycle.lifecycle.reviewed import ReviewEvidence
from nli_lifecycle.nli.metrics.figures import Interval, Measures, SubsetMeasures

_SEPARATORS = re.compile(r"[ _\-–/]+")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")


def list_metrics(evidence: Evidence) -> dict[str, dict[str, float]]:
    """Name the figures for MLflow's tables and charts; the names never change.

    Returns:
        ``{name: {"value": …, "step": 0}}``, such as ``macro_f1``, ``entailment_recall``,
        ``champion_accuracy``, ``difference_accuracy_lower``, ``slice_genre_negation``,
        ``stress_word_swap``.
    """
    figures: dict[str, float] = {
        "evaluation_rows": evidence.evaluation_set.rows,
        "evaluation_judged": evidence.evaluation_set.judged,
    }
    figures.update(_measures("", evidence.candidate_measures))
    figures.update(_trust(evidence.candidate_trust, evidence.candidate_measures))
    if evidence.champion_measures:
        figures.update(_measures("champion_", evidence.champion_measures))
    if compared := evidence.comparison:
        for name in ("accuracy", "macro_f1", "log_loss", "brier"):
            figures.update(_with_bounds(f"difference_{name}", getattr(compared, name)))
        figures["mcnemar_p"] = compared.mcnemar
        figures["disagreements_won"] = compared.only_candidate_right
        figures["disagreements_lost"] = compared.only_champion_right
    for part in evidence.slices:
        figures.update(_part(f"slice_{_clean(part.kind)}_{_clean(part.name)}", part))
    for suite in evidence.stress:
        figures.update(_part(f"stress_{_clean(suite.name)}", suite))
    if shadow := evidence.shadow:
        figures["shadow_requests"] = shadow.requests
        figures["shadow_agreement"] = shadow.agreeing / shadow.pairs
        figures["shadow_latency_ratio"] = shadow.candidate_p99_ms / shadow.champion_p99_ms
    if evidence.reviews:
        figures.update(_reviews(evidence.reviews))
    return {name: {"value": float(value), "step": 0} for name, value in figures.items()}


def _measures(prefix: str, measures: Measures) -> Iterator[tuple[str, float]]:
    for name in ("accuracy", "macro_f1", "log_loss", "brier"):
        yield from _with_bounds(f"{prefix}{name}", getattr(measures, name))
    for label, figures in measures.classes.items():
        for name in ("precision", "recall", "f1"):
            yield f"{prefix}{label}_{name}", getattr(figures, name).estimate
    yield f"{prefix}ece", measures.calibration.ece
    yield f"{prefix}aurc", measures.selective.aurc
    for point in measures.selective.points:
        if round(100 * point.coverage) == 80:
            yield f"{prefix}accuracy_at_80_coverage", point.accuracy


def _trust(trust: Trust, measures: Measures) -> Iterator[tuple[str, float]]:
    yield "temperature", trust.temperature
    if trust.overlap:
        yield "overlap_exact", trust.overlap.exact
        yield "overlap_near", trust.overlap.near
        yield "overlap_premises", trust.overlap.premises
    if trust.shortcut:
        yield "hypothesis_only_accuracy", trust.shortcut.accuracy
        share = trust.shortcut.share_of_gain(measures.accuracy.estimate)
        yield "share_of_gain_beyond_hypothesis", share


def _reviews(reviews: ReviewEvidence) -> Iterator[tuple[str, float]]:
    yield "reviewed_pairs", reviews.pairs
    yield "reviewed_relabelled", len(reviews.relabelled)
    if controls := reviews.controls:
        yield from _with_bounds("reviewed_accuracy", controls.candidate)
        yield from _with_bounds("reviewed_label_noise", controls.label_noise)
        if controls.champion:
            yield from _with_bounds("champion_reviewed_accuracy", controls.champion)
    if apart := reviews.disagreements:
        yield "reviewed_disagreements_won", apart.won
        yield "reviewed_disagreements_lost", apart.lost


def _part(name: str, part: SubsetMeasures) -> Iterator[tuple[str, float]]:
    yield name, part.candidate.estimate
    if part.difference:
        yield f"{name}_difference", part.difference.estimate


def _with_bounds(name: str, interval: Interval) -> Iterator[tuple[str, float]]:
    yield name, interval.estimate
    yield f"{name}_lower", interval.lower
    yield f"{name}_upper", interval.upper


def _clean(text: str) -> str:
    """A name that every store takes: letters, digits and underscores, at most 80.

    What does not fit is told apart by six digits of the whole text's hash: `a<b` and `a>b` must
    not be one metric.
    """
    plain = _SEPARATORS.sub("_", text.lower())
    name = _NOT_IN_NAMES.sub("", plain)[:70]
    return name if name == plain else f"{name}_{sha256(text.encode()).hexdigest()[:6]}".strip("_")
