"""The rule on shadow traffic: enough requests, the same answers, and not much slower."""

from __future__ import annotations

from collections.abc import Iterator

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy, ShadowRule
from nli_lifecycle.lifecycle.rules.result import RuleResult, place
from nli_lifecycle.lifecycle.shadow import ShadowEvidence


def judge_shadow(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Compare shadow traffic with what the policy asks for; without a champion there is none.

    With too few requests nothing else is judged: a quantile of a handful is chance.
    """
    asked, found = policy.shadow, evidence.shadow
    if asked is None or evidence.champion is None:
        return
    enough = _enough(asked, found)
    yield enough
    if found is None or enough.outcome != "PASS":
        return
    if asked.agreement is not None:
        yield _agreement(asked.agreement, found, policy.confidence)
    if asked.latency_ratio is not None:
        yield _latency(asked.latency_ratio, found)


def _enough(asked: ShadowRule, found: ShadowEvidence | None) -> RuleResult:
    number = found.requests if found else 0
    if number >= asked.requests:
        sentence = f"{number:,} shadow requests: at least the {asked.requests:,} needed."
    else:
        sentence = (
            f"The policy asks for {asked.requests:,} shadow requests, and the inference log has "
            f"{f'{number:,}' if number else 'none'} that this candidate and this champion both "
            "answered. Give shadow.share in serving.yml, let the service run, then run evaluation "
            "again."
        )
    return RuleResult(
        rule="shadow requests",
        outcome=place(reached=number >= asked.requests, missed=False),
        sentence=sentence,
    )


def _agreement(minimum: float, found: ShadowEvidence, confidence: float) -> RuleResult:
    share = found.agreement(confidence)
    outcome = place(reached=share.lower >= minimum, missed=share.upper < minimum)
    verb = {"PASS": "agrees", "FAIL": "does not agree", "INCONCLUSIVE": "may or may not agree"}
    sentence = (
        f"In shadow the candidate {verb[outcome]} with the champion on at least {minimum:.1%} of "
        f"pairs: {share.estimate:.2%} of {found.pairs:,} different pairs, between "
        f"{share.lower:.2%} and {share.upper:.2%} (each bound at {100 * confidence:.6g}% "
        "confidence)."
    )
    return RuleResult(rule="shadow agreement", outcome=outcome, sentence=sentence)


def _latency(limit: float, found: ShadowEvidence) -> RuleResult:
    ratio = found.candidate_p99_ms / found.champion_p99_ms
    return RuleResult(
        rule="shadow latency",
        outcome=place(reached=ratio <= limit, missed=ratio > limit),
        sentence=f"In shadow the candidate's p99 is {found.candidate_p99_ms:.3g} ms, {ratio:.3g} "
        f"times the champion's {found.champion_p99_ms:.3g} ms from arrival to answer; allowed at "
        f"most {limit:g}.",
    )
