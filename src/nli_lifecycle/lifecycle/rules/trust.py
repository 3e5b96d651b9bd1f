"""Rules about whether the figures can be trusted outside their test set."""

from __future__ import annotations

from collections.abc import Iterator

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.result import RuleResult, place


def judge_trust(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Judge the overlap with the training data, the shortcut and the calibration."""
    yield from _overlap(policy, evidence)
    yield from _champion_overlap(evidence)
    yield from _gain(policy, evidence)
    yield from _calibration(policy, evidence)


def _overlap(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    asked, rows = policy.overlap, evidence.evaluation_set.rows
    found = evidence.candidate_trust.overlap
    for name, limit in (("same", asked.exact), ("same or nearly the same", asked.near)):
        if limit is None:
            continue
        rule = "unseen pairs" if name == "same" else "no near-duplicates"
        if found is None:
            yield RuleResult(
                rule=rule,
                outcome="INCONCLUSIVE",
                sentence="The candidate's bundle does not say what it was trained on. "
                "Train and register it with this version of the project.",
            )
            continue
        count = found.exact + (found.near if name != "same" else 0)
        share = count / rows
        verb = "at most" if share <= limit else "more than"
        advice = (
            ""
            if share <= limit
            else " Give this environment pairs of its own, or judge on the others: "
            "evaluation.training_rows: leave_out."
        )
        yield RuleResult(
            rule=rule,
            outcome=place(reached=share <= limit, missed=share > limit),
            sentence=f"{count:,} of {rows:,} evaluation pairs ({share:.2%}) are the {name} as "
            f"pairs the candidate was trained on: {verb} the {limit:.2%} allowed.{advice}",
        )


def _champion_overlap(evidence: Evidence) -> Iterator[RuleResult]:
    """A champion that has seen the answers makes every comparison unfair: people should know."""
    found = evidence.champion_trust.overlap if evidence.champion_trust else None
    if found and found.exact:
        yield RuleResult(
            rule="champion's unseen pairs",
            outcome="INCONCLUSIVE",
            sentence=f"The champion was trained on {found.exact:,} of the "
            f"{evidence.evaluation_set.rows:,} evaluation pairs: it looks better than it is.",
            advisory=True,
        )


def _gain(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    asked, shortcut = policy.gain_over_hypothesis, evidence.candidate_trust.shortcut
    if asked is None:
        return
    rule = "more than the hypothesis"
    if shortcut is None:
        sentence = "The candidate's bundle carries no hypothesis-only model to compare with."
        yield RuleResult(rule=rule, outcome="INCONCLUSIVE", sentence=sentence)
        return
    accuracy = evidence.candidate_measures.accuracy
    low, high = (100 * (bound - shortcut.accuracy) for bound in (accuracy.lower, accuracy.upper))
    outcome = place(reached=low >= asked, missed=high < asked)
    verb = {"PASS": "is", "FAIL": "is not", "INCONCLUSIVE": "may or may not be"}[outcome]
    yield RuleResult(
        rule=rule,
        outcome=outcome,
        sentence=f"Accuracy {100 * accuracy.estimate:.2f}% {verb} at least {asked:g} points above "
        f"the {100 * shortcut.accuracy:.2f}% that a linear model reaches from the hypothesis alone "
        f"(between {low:+.2f} and {high:+.2f} points).",
    )


def _calibration(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    limit, found = policy.calibration_error, evidence.candidate_measures.calibration.ece
    if limit is None:
        return
    outcome = place(reached=found <= limit, missed=found > limit)
    verb = "at most" if outcome == "PASS" else "more than"
    yield RuleResult(
        rule="calibration",
        outcome=outcome,
        sentence=f"Confidence and accuracy lie {found:.3f} apart on average (expected calibration "
        f"error): {verb} the {limit:g} allowed.",
    )
