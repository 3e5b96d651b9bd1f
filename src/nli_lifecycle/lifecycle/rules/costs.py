"""Rules about what a model costs to run, and about how worn the evaluation set is."""

from __future__ import annotations

from collections.abc import Iterator

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.result import RuleResult, place


def judge_budgets(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Compare time, bytes and memory with what the policy allows; ratios need a champion."""
    asked = policy.budgets
    ours, theirs = evidence.candidate_footprint, evidence.champion_footprint
    limits = {name: limit for name, limit in asked.model_dump().items() if limit is not None}
    if not limits:
        return
    if ours is None:
        sentence = "The policy judges by budgets, and they were not measured."
        yield RuleResult(rule="budgets", outcome="INCONCLUSIVE", sentence=sentence)
        return
    if asked.latency_ratio is not None and theirs is not None:
        ratio = ours.latency_ms / theirs.latency_ms
        yield _limit("latency", ratio, asked.latency_ratio, "times the champion's, one pair")
    if asked.throughput_ratio is not None and theirs is not None:
        ratio = ours.pairs_per_second / theirs.pairs_per_second
        yield _limit(
            "throughput", ratio, asked.throughput_ratio, "times the champion's", at_least=True
        )
    if asked.megabytes is not None:
        yield _limit("size", ours.megabytes, asked.megabytes, "MB on disk")
    if asked.memory_megabytes is not None:
        yield _limit("memory", ours.memory_megabytes, asked.memory_megabytes, "MB at its peak")


def _limit(name: str, found: float, limit: float, unit: str, at_least: bool = False) -> RuleResult:
    reached = found >= limit if at_least else found <= limit
    missed = found < limit if at_least else found > limit
    allowed = "asked at least" if at_least else "allowed at most"
    return RuleResult(
        rule=f"budget {name}",
        outcome=place(reached=reached, missed=missed),
        sentence=f"{name.capitalize()} is {found:.3g} {unit}; {allowed} {limit:g}.",
    )


def judge_holdout(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Say when an evaluation set has judged so many candidates that luck had many chances."""
    judged, limit = evidence.evaluation_set.judged, policy.holdout.warn_after
    if limit is None or judged <= limit:
        return
    corrected = (
        "The bounds are widened accordingly."
        if policy.holdout.correct
        else "Collect new pairs, or set policy.holdout.correct."
    )
    yield RuleResult(
        rule="fresh evaluation set",
        outcome="INCONCLUSIVE",
        sentence=f"These pairs have judged {judged} different candidates, more than {limit}: the "
        f"more they judge, the likelier one passes by luck. {corrected}",
        advisory=True,
    )
