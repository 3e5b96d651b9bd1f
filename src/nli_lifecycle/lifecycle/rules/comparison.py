"""Rules about candidate and champion on the same rows: not worse, and by how much better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.result import RuleOutcome, RuleResult, place
from nli_lifecycle.nli.metrics.figures import Interval


@dataclass(frozen=True)
class _Figure:
    """A figure that is compared: its field, its name, and its unit in sentences."""

    field: str
    name: str
    scale: float  # from the measured unit to the one of the policy
    unit: str
    more_is_better: bool = True

    def print(self, value: float) -> str:
        digits = 2 if self.scale == 100 else 4
        return f"{self.scale * value:+.{digits}f}"


FIGURES = (
    _Figure("accuracy", "accuracy", 100, "points"),
    _Figure("macro_f1", "macro-F1", 100, "points"),
    _Figure("log_loss", "log loss", 1, "nats", more_is_better=False),
    _Figure("brier", "Brier score", 1, "units", more_is_better=False),
)


def compare_with_champion(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Judge every margin and every gain that the policy asks for.

    Non-inferiority and superiority in the sense of clinical trials: not the estimate but the
    bound on the unfavourable side has to clear the margin (Piaggio et al. 2012, JAMA 308).
    """
    margins, gains = policy.non_inferiority.model_dump(), policy.superiority.model_dump()
    asked = [(figure, margins[figure.field], gains.get(figure.field)) for figure in FIGURES]
    if all(margin is None and gain is None for _, margin, gain in asked):
        return
    if evidence.comparison is None:
        yield _first_champion(policy)
        return
    for figure, margin, gain in asked:
        difference: Interval = getattr(evidence.comparison, figure.field)
        if margin is not None:
            yield _not_worse(figure, margin, difference, evidence)
        if gain is not None:
            yield _better(figure, gain, difference, evidence)


def _first_champion(policy: Policy) -> RuleResult:
    """Without a champion the minimums decide alone; without minimums nothing can."""
    alone = policy.minimums.accuracy is not None or policy.minimums.macro_f1 is not None
    how = (
        "the minimums decide alone."
        if alone
        else "a minimum of accuracy or macro-F1 would have to decide, and the policy has none."
    )
    return RuleResult(
        rule="first champion",
        outcome="PASS" if alone else "INCONCLUSIVE",
        sentence=f"There is no champion yet to compare with: {how}",
    )


def _not_worse(
    figure: _Figure, margin: float, difference: Interval, evidence: Evidence
) -> RuleResult:
    """Non-inferiority: the whole interval must lie on the better side of −margin."""
    threshold = -margin if figure.more_is_better else margin
    outcome, low, high = _placed(figure, difference, threshold)
    verb = {"PASS": "is not", "FAIL": "is", "INCONCLUSIVE": "may or may not be"}[outcome]
    side = "below" if figure.more_is_better else "above"
    sentence = (
        f"{figure.name[0].upper()}{figure.name[1:]} {verb} more than {margin:g} {figure.unit} "
        f"{side} the champion's: difference {figure.print(difference.estimate)}, between {low} "
        f"and {high} {figure.unit} "
        f"(each bound at {_percent(evidence.method.bound_confidence)} confidence)."
    )
    if outcome == "INCONCLUSIVE":
        sentence += _to_settle(figure, difference, threshold, evidence)
    return RuleResult(rule=f"{figure.name} not worse", outcome=outcome, sentence=sentence)


def _better(figure: _Figure, gain: float, difference: Interval, evidence: Evidence) -> RuleResult:
    """Superiority: the whole interval must lie above the gain; accuracy by McNemar's test too."""
    outcome, low, high = _placed(figure, difference, gain)
    comparison = evidence.comparison
    assert comparison is not None
    alpha = 1 - evidence.method.bound_confidence
    tested = ""
    if figure.field == "accuracy":
        tested = f"; exact McNemar test p = {comparison.mcnemar:.2g}"
        if outcome == "PASS" and not comparison.mcnemar / 2 <= alpha:
            outcome = "INCONCLUSIVE"
    verb = {"PASS": "is", "FAIL": "is not", "INCONCLUSIVE": "may or may not be"}[outcome]
    sentence = (
        f"{figure.name[0].upper()}{figure.name[1:]} {verb} more than {gain:g} {figure.unit} above "
        f"the champion's: difference {figure.print(difference.estimate)}, between {low} and {high} "
        f"{figure.unit} (each bound at {_percent(evidence.method.bound_confidence)} "
        f"confidence{tested})."
    )
    if outcome == "INCONCLUSIVE":
        sentence += _to_settle(figure, difference, gain, evidence)
    return RuleResult(rule=f"{figure.name} better", outcome=outcome, sentence=sentence)


def _placed(
    figure: _Figure, difference: Interval, threshold: float
) -> tuple[RuleOutcome, str, str]:
    """Outcome against a threshold in the policy's unit, and both bounds as text."""
    lower, upper = figure.scale * difference.lower, figure.scale * difference.upper
    if figure.more_is_better:
        outcome = place(reached=lower > threshold, missed=upper < threshold)
    else:
        outcome = place(reached=upper < threshold, missed=lower > threshold)
    return outcome, figure.print(difference.lower), figure.print(difference.upper)


def _to_settle(figure: _Figure, difference: Interval, threshold: float, evidence: Evidence) -> str:
    # It brings scipy.stats: half a second, which most commands need not pay.
    from nli_lifecycle.nli.metrics.comparison import rows_to_settle

    rows = evidence.evaluation_set.rows
    more = rows_to_settle(difference, rows, threshold / figure.scale)
    if more is None:
        return " It lies so near that no practical number of pairs would settle it."
    return f" About {more:,} more pairs like these would settle it."


def _percent(confidence: float) -> str:
    return f"{100 * confidence:.6g}%"
