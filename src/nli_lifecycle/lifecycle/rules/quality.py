"""Rules about the candidate alone: enough pairs, and minimums whatever the champion does."""

from __future__ import annotations

from collections.abc import Iterator

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.result import RuleOutcome, RuleResult, place
from nli_lifecycle.nli.metrics.figures import Interval


def enough_pairs(policy: Policy, evidence: Evidence) -> RuleResult:
    """Ask for the policy's number of pairs, and for pairs of every label."""
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


def judge_minimums(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Compare accuracy, macro-F1, recalls and stress suites with their minimums."""
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
    suites = {suite.name: suite.candidate for suite in evidence.stress}
    for suite, minimum in sorted(asked.stress.items()):
        name = f"accuracy on {suite}"
        if suite in suites:
            yield _minimum(name, minimum, suites[suite], policy, evidence.method.confidence)
        else:
            known = ", ".join(sorted(suites)) or "none"
            yield RuleResult(
                rule=f"minimum {name}",
                outcome="INCONCLUSIVE",
                sentence=f"There is no stress suite {suite!r} among those measured: {known}.",
            )


def _minimum(
    name: str, minimum: float, found: Interval, policy: Policy, confidence: float
) -> RuleResult:
    """Compare the figure, or by policy its whole interval, with the minimum."""
    by_interval = policy.minimums_by == "interval"
    low, high = (found.lower, found.upper) if by_interval else (found.estimate, found.estimate)
    outcome = place(reached=low >= minimum, missed=high < minimum)
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
