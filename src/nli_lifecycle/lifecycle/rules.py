"""The rules of a policy, each a pure function from evidence to PASS, FAIL or INCONCLUSIVE.

A rule passes only where the figures say so: every comparison with NaN is false, so that what
was not measured properly ends INCONCLUSIVE.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from nli_lifecycle.lifecycle.documents import Document
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.metrics import Interval

RuleOutcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]


class RuleResult(Document):
    """What one rule says, and why, as a sentence with the figures."""

    rule: str
    outcome: RuleOutcome
    sentence: str


def judge(policy: Policy, evidence: Evidence) -> tuple[RuleResult, ...]:
    """Apply every rule of the policy.

    Args:
        policy: the environment's rules.
        evidence: what was measured.

    Returns:
        One result per rule that applies. Too few pairs, or a label that none of them carries,
        make every other figure meaningless: then that is the only result.
    """
    enough = _enough_pairs(policy, evidence)
    if enough.outcome != "PASS":
        return (enough,)
    return (
        enough,
        *_minimums(policy, evidence),
        *_non_inferiority(policy, evidence),
        *_approvals(policy),
    )


def _enough_pairs(policy: Policy, evidence: Evidence) -> RuleResult:
    rows = evidence.evaluation_set.rows
    classes = evidence.candidate_measures.classes
    absent = [label for label, figures in classes.items() if not figures.support]
    outcome: RuleOutcome = "INCONCLUSIVE"
    if absent:
        sentence = f"None of the {rows:,} evaluation pairs is labelled {' or '.join(absent)}."
    elif rows < policy.minimum_rows:
        sentence = f"Only {rows:,} evaluation pairs: fewer than the {policy.minimum_rows:,} needed."
    else:
        outcome = "PASS"
        sentence = f"{rows:,} evaluation pairs: at least the {policy.minimum_rows:,} needed."
    return RuleResult(rule="enough pairs", outcome=outcome, sentence=sentence)


def _minimums(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    asked, measures = policy.minimums, evidence.candidate_measures
    wanted = [
        ("accuracy", asked.accuracy, measures.accuracy),
        ("macro-F1", asked.macro_f1, measures.macro_f1),
    ]
    for label in sorted(asked.recall):
        wanted.append((f"recall of {label}", asked.recall[label], measures.classes[label].recall))
    for name, minimum, found in wanted:
        if minimum is not None:
            yield _minimum(name, minimum, found, policy, evidence.method.confidence)


def _minimum(
    name: str, minimum: float, found: Interval, policy: Policy, confidence: float
) -> RuleResult:
    """Compare the figure, or by policy its whole interval, with the minimum."""
    by_interval = policy.minimums_by == "interval"
    low, high = (found.lower, found.upper) if by_interval else (found.estimate, found.estimate)
    outcome = _place(reached=low >= minimum, missed=high < minimum)
    verb = {
        "PASS": "reaches",
        "FAIL": "is below",
        "INCONCLUSIVE": "cannot be told apart from",
    }[outcome]
    sentence = (
        f"{name[0].upper()}{name[1:]} {100 * found.estimate:.2f}% "
        f"({confidence:.0%} interval {100 * found.lower:.2f} to {100 * found.upper:.2f}) "
        f"{verb} the minimum of {100 * minimum:g}%."
    )
    return RuleResult(rule=f"minimum {name}", outcome=outcome, sentence=sentence)


def _non_inferiority(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    differences = evidence.differences
    if differences is None:
        yield _first_champion(policy)
        return
    for name, margin, difference in (
        ("accuracy", policy.non_inferiority.accuracy, differences.get("accuracy")),
        ("macro-F1", policy.non_inferiority.macro_f1, differences.get("macro_f1")),
    ):
        if margin is not None:
            yield _not_worse(name, margin, difference, policy.confidence)


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
    name: str, margin: float, difference: Interval | None, confidence: float
) -> RuleResult:
    """Non-inferiority: the lower bound of candidate − champion must lie above −margin."""
    rule = f"{name} not worse"
    if difference is None:
        sentence = f"The difference in {name} from the champion was not measured."
        return RuleResult(rule=rule, outcome="INCONCLUSIVE", sentence=sentence)
    estimate, lower, upper = (
        100 * share for share in (difference.estimate, difference.lower, difference.upper)
    )
    outcome = _place(reached=lower > -margin, missed=upper < -margin)
    verb = {"PASS": "is not", "FAIL": "is", "INCONCLUSIVE": "may or may not be"}[outcome]
    sentence = (
        f"{name[0].upper()}{name[1:]} {verb} more than {margin:g} points below the champion's: "
        f"difference {estimate:+.2f}, between {lower:+.2f} and {upper:+.2f} points "
        f"(each bound at {confidence:.0%} confidence)."
    )
    return RuleResult(rule=rule, outcome=outcome, sentence=sentence)


def _approvals(policy: Policy) -> Iterator[RuleResult]:
    if policy.approvals:
        people = "approval" if policy.approvals == 1 else "approvals"
        yield RuleResult(
            rule="approval",
            outcome="INCONCLUSIVE",
            sentence=f"The policy asks for {policy.approvals} {people}, and none is given.",
        )


def _place(*, reached: bool, missed: bool) -> RuleOutcome:
    if reached:
        return "PASS"
    return "FAIL" if missed else "INCONCLUSIVE"
