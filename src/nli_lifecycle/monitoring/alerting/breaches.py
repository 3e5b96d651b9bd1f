"""One rule on one window: in breach, clear, or unknown, with the figures that say so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from nli_lifecycle.monitoring.alerting.rules import (
    AbsoluteRule,
    DeadManRule,
    DriftRule,
    End,
    FindingRule,
    RelativeRule,
    Rule,
    TrendRule,
)
from nli_lifecycle.monitoring.findings import Finding, WindowFindings

#: How a value stands to a bound, by the end that is compared: in breach, and clear.
_STANDS: dict[End, tuple[str, str]] = {
    "near": ("{}", "not shown to be {}"),
    "value": ("{}", "not {}"),
    "far": ("possibly {}", "surely not {}"),
}
#: Of the windows that a trend looks at, the share that must be measured.
TREND_SHARE = 0.75


@dataclass(frozen=True)
class Breach:
    """What one rule sees in one window.

    Attributes:
        state: ``unknown`` where the window does not say; never taken for ``clear``.
        figures: half a sentence with the figures, or why there are none.
        value: what was compared.
        bound: what it was compared with.
    """

    state: Literal["breached", "clear", "unknown"]
    figures: str
    value: float | None = None
    bound: float | None = None


def look(rule: Rule, windows: Sequence[WindowFindings]) -> Breach:
    """Look at the last of the windows; those before it count for a trend only.

    Args:
        rule: any.
        windows: of one model, oldest first, at least one.
    """
    if isinstance(rule, DeadManRule):
        return _rate(rule, windows[-1])
    finding = _usable(rule, windows[-1])
    if isinstance(finding, str):
        return Breach("unknown", finding)
    match rule:
        case AbsoluteRule():
            return _absolute(rule, finding)
        case RelativeRule():
            return _relative(rule, finding)
        case TrendRule():
            return _trend(rule, windows)
        case DriftRule():
            return _drift(rule, finding)
        case _:
            assert_never(rule)


def _usable(rule: FindingRule, window: WindowFindings) -> Finding | str:
    """The finding that the rule is about, or why it cannot be used."""
    name = _words(rule.finding)
    found = [finding for finding in window.findings if finding.name == rule.finding]
    if not found:
        known = ", ".join(finding.name for finding in window.findings) or "nothing"
        return f"{name} was not measured; found: {known}"
    finding = found[0]
    if finding.state != "measured":
        return f"{name} is {finding.state}: {finding.why.rstrip('.') or 'no reason was given'}"
    if finding.pairs < rule.minimum_pairs:
        return f"{name} rests on {finding.pairs} pairs; the rule asks for {rule.minimum_pairs}"
    needed = () if isinstance(rule, DriftRule) else (finding.value,)
    if not all(map(_known, needed)):
        return f"{name} has no value"
    return finding


def _absolute(rule: AbsoluteRule, finding: Finding) -> Breach:
    falls = rule.below is not None
    bound = rule.below if rule.below is not None else rule.above
    assert bound is not None
    value = _end(finding, rule.end, falls=falls)
    if value is None:
        return _no_interval(finding, rule.end)
    breached = value < bound if falls else value > bound
    stands = _STANDS[rule.end][not breached].format("below" if falls else "above")
    return _breach(breached, f"{_measured(finding)}, {stands} {bound:.4g}", finding, bound)


def _relative(rule: RelativeRule, finding: Finding) -> Breach:
    if not _known(finding.reference):
        return Breach("unknown", f"{_words(finding.name)} has no reference to compare with")
    assert finding.reference is not None and finding.value is not None
    falls = rule.direction == "drop"
    value = _end(finding, rule.end, falls=falls)
    if value is None:
        return _no_interval(finding, rule.end)
    change = finding.value - finding.reference + _margin(finding, value)
    allowed = rule.points / 100
    bound = finding.reference + (-allowed if falls else allowed)
    breached = change < -allowed if falls else change > allowed
    points = 100 * (finding.value - finding.reference)
    side = "below" if points < 0 else "above"
    interval = ""
    if _known(finding.reference_low) and _known(finding.reference_high):
        interval = f" ({finding.reference_low:.4g} to {finding.reference_high:.4g})"
    figures = (
        f"{_measured(finding)}, {abs(points):.1f} points {side} the reference of "
        f"{finding.reference:.4g}{interval}, where a {rule.direction} of {rule.points:g} is allowed"
    )
    return _breach(breached, figures, finding, bound)


def _trend(rule: TrendRule, windows: Sequence[WindowFindings]) -> Breach:
    from scipy.stats import linregress  # half a second, which only those pay who have this rule

    looked_at = windows[-rule.windows :]
    numbers: list[int] = []
    values: list[float] = []
    for window in looked_at:
        finding = _usable(rule, window)
        if isinstance(finding, Finding) and finding.value is not None:
            numbers.append(window.window)
            values.append(finding.value)
    name = _words(rule.finding)
    needed = max(4, math.ceil(TREND_SHARE * rule.windows))
    if len(values) < needed:
        return Breach(
            "unknown",
            f"{name} was measured in {len(values)} of the last {rule.windows} windows; "
            f"a trend needs {needed}",
        )
    falls = rule.direction == "falling"
    fit = linregress(numbers, values, alternative="less" if falls else "greater")
    slope, p_value = float(fit.slope), float(fit.pvalue)
    steep = slope <= -rule.slope if falls else slope >= rule.slope
    figures = (
        f"{name} changes by {slope:+.3g} per window over {len(values)} windows "
        f"(p = {p_value:.2g}), from {values[0]:.4g} to {values[-1]:.4g}"
    )
    return Breach(_state(steep and p_value < rule.p_below), figures, slope, rule.slope)


def _drift(rule: DriftRule, finding: Finding) -> Breach:
    if not _known(finding.effect) or not _known(finding.p_value):
        return Breach("unknown", f"{_words(finding.name)} has no effect size or no p-value")
    assert finding.effect is not None and finding.p_value is not None
    breached = finding.effect >= rule.effect and finding.p_value < rule.p_below
    figures = (
        f"{_words(finding.name)} has moved by an effect of {finding.effect:.3g} "
        f"(corrected p = {finding.p_value:.2g}, {finding.pairs} pairs), "
        f"where {rule.effect:g} is allowed"
    )
    return Breach(_state(breached), figures, finding.effect, rule.effect)


def _rate(rule: DeadManRule, window: WindowFindings) -> Breach:
    if rule.fewer_per_hour is None:
        return Breach("clear", f"{window.pairs} pairs were logged")
    if window.pairs < rule.minimum_pairs:
        return Breach(
            "unknown", f"{window.pairs} pairs; the rule asks for {rule.minimum_pairs} to judge by"
        )
    hours = (window.end - window.begin).total_seconds() / 3600
    if hours <= 0:
        return Breach("unknown", "all rows of the window say the same time: no rate")
    rate = window.pairs / hours
    figures = f"{rate:.3g} pairs per hour, where {rule.fewer_per_hour:g} are expected"
    return Breach(_state(rate < rule.fewer_per_hour), figures, rate, rule.fewer_per_hour)


def _end(finding: Finding, end: End, *, falls: bool) -> float | None:
    """The end of the interval that is compared; for what falls, the near one is the upper."""
    if end == "value":
        return finding.value
    value = finding.high if falls == (end == "near") else finding.low
    return value if _known(value) else None


def _margin(finding: Finding, end: float) -> float:
    """How far the end of the difference's interval lies from value − reference.

    The margins of both, squared and added (MOVER: Newcombe 1998, Statistics in Medicine 17:
    873-890; Zou & Donner 2008, 27: 1693-1702). A reference without an interval is exact.
    """
    assert finding.value is not None and finding.reference is not None
    own = end - finding.value
    opposite = finding.reference_low if own > 0 else finding.reference_high
    theirs = finding.reference - opposite if own and opposite is not None else 0.0
    return math.copysign(math.hypot(own, theirs), own)


def _no_interval(finding: Finding, end: End) -> Breach:
    name = _words(finding.name)
    return Breach("unknown", f"{name} has no interval, and the rule goes by its {end} end")


def _breach(breached: bool, figures: str, finding: Finding, bound: float) -> Breach:
    more = f" ({finding.why.rstrip('.')})" if finding.why else ""
    return Breach(_state(breached), figures + more, finding.value, bound)


def _state(breached: bool) -> Literal["breached", "clear"]:
    return "breached" if breached else "clear"


def _measured(finding: Finding) -> str:
    interval = ""
    if _known(finding.low) and _known(finding.high):
        interval = f"{finding.low:.4g} to {finding.high:.4g} "
    return f"{_words(finding.name)} is {finding.value:.4g} ({interval}on {finding.pairs} pairs)"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
