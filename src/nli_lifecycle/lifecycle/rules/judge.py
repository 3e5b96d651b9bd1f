"""Apply a policy to evidence: every rule, in the order in which people read them."""

from __future__ import annotations

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.comparison import compare_with_champion
from nli_lifecycle.lifecycle.rules.costs import judge_budgets, judge_holdout
from nli_lifecycle.lifecycle.rules.quality import enough_pairs, judge_minimums
from nli_lifecycle.lifecycle.rules.result import RuleResult
from nli_lifecycle.lifecycle.rules.subsets import judge_slices, judge_stress
from nli_lifecycle.lifecycle.rules.trust import judge_trust


def judge(policy: Policy, evidence: Evidence) -> tuple[RuleResult, ...]:
    """Apply every rule of the policy.

    Args:
        policy: the environment's rules.
        evidence: what was measured.

    Returns:
        One result per rule that applies. Too few pairs, or a label that none of them carries,
        make every other figure meaningless: then that is the only result.
    """
    enough = enough_pairs(policy, evidence)
    if enough.outcome != "PASS":
        return (enough,)
    return (
        enough,
        *judge_minimums(policy, evidence),
        *compare_with_champion(policy, evidence),
        *judge_slices(policy, evidence),
        *judge_stress(policy, evidence),
        *judge_trust(policy, evidence),
        *judge_budgets(policy, evidence),
        *judge_holdout(policy, evidence),
        *_approvals(policy),
    )


def _approvals(policy: Policy) -> tuple[RuleResult, ...]:
    if not policy.approvals:
        return ()
    people = "approval" if policy.approvals == 1 else "approvals"
    sentence = f"The policy asks for {policy.approvals} {people}, and none is given."
    return (RuleResult(rule="approval", outcome="INCONCLUSIVE", sentence=sentence),)
