"""Guards over many parts at once: no slice and no stress suite may be shown to be worse.

With dozens of parts, asking each to be shown *not* worse would hold every candidate for ever,
and comparing each at 95% would accuse a good one by luck. So the guard turns the question round:
it fails only on parts that are shown to be worse by more than the margin, with bounds that hold
for all parts at once. What it cannot see is documented: a part too small, or a loss too mild.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy, SubsetRule
from nli_lifecycle.lifecycle.rules.result import RuleOutcome, RuleResult
from nli_lifecycle.nli.metrics.figures import Interval, SubsetMeasures

#: Parts named in a sentence; the report lists them all.
NAMED = 3


def judge_slices(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Guard the slices of the evaluation set."""
    yield from _guard("slices", "slice", policy.slices, evidence.slices, evidence)


def judge_stress(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Guard the stress suites."""
    yield from _guard("stress", "stress suite", policy.stress, evidence.stress, evidence)


def _guard(
    rule: str,
    noun: str,
    asked: SubsetRule,
    measured: Sequence[SubsetMeasures],
    evidence: Evidence,
) -> Iterator[RuleResult]:
    if asked.margin is None or evidence.champion is None:
        return
    differences = [(part, part.difference) for part in measured if part.difference is not None]
    if not differences or len(differences) < len(measured):
        yield RuleResult(
            rule=rule,
            outcome="INCONCLUSIVE",
            sentence=f"No {noun} with at least {asked.minimum_rows} pairs was measured for both.",
        )
        return
    # A bound that is no number is no proof of innocence: it counts among the doubtful.
    worse = [pair for pair in differences if 100 * pair[1].upper < -asked.margin]
    doubtful = [pair for pair in differences if not 100 * pair[1].upper >= -asked.margin]
    outcome: RuleOutcome = (
        "FAIL" if worse else "INCONCLUSIVE" if len(doubtful) > len(worse) else "PASS"
    )
    together = f"all bounds together at {100 * evidence.method.bound_confidence:.6g}% confidence"
    count = f"{len(differences)} {noun}s"
    if worse:
        worse.sort(key=lambda pair: pair[1].estimate)
        named = "; ".join(_named(part, difference) for part, difference in worse[:NAMED])
        more = f" and {len(worse) - NAMED} more" if len(worse) > NAMED else ""
        verb = "is" if len(worse) == 1 else "are"
        sentence = (
            f"Of {count}, {len(worse)} {verb} more than {asked.margin:g} points worse than the "
            f"champion: {named}{more} ({together})."
        )
    else:
        part, difference = min(differences, key=lambda pair: pair[1].estimate)
        sentence = (
            f"None of {count} is shown to be more than {asked.margin:g} points worse than the "
            f"champion; the worst: {_named(part, difference)} ({together})."
        )
    yield RuleResult(rule=rule, outcome=outcome, sentence=sentence)


def _named(part: SubsetMeasures, difference: Interval) -> str:
    low, estimate, high = (
        f"{100 * share:+.1f}" for share in (difference.lower, difference.estimate, difference.upper)
    )
    return f"{part.kind} {part.name} {estimate} points, {low} to {high}, {part.rows:,} pairs"
