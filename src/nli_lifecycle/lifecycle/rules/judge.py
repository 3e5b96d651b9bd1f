"""Apply a policy to evidence: every rule, in the order in which people read them."""

from __future__ import annotations

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.comparison import compare_with_champion
from nli_lifecycle.lifecycle.rules.costs import judge_budgets, judge_holdout
from nli_lifecycle.lifecycle.rules.people import judge_standing
from nli_lifecycle.lifecycle.rules.quality import enough_pairs, judge_minimums
from nli_lifecycle.lifecycle.rules.result import RuleResult
from nli_lifecycle.lifecycle.rules.reviewed import judge_reviews
from nli_lifecycle.lifecycle.rules.subsets import judge_slices, judge_stress
from nli_lifecycle.lifecycle.rules.traffic import judge_shadow
from nli_lifecycle.lifecycle.rules.trust import judge_trust
from nli_lifecycle.lifecycle.standing import Standing


def judge(policy: Policy, evidence: Evidence, standing: Standing) -> tuple[RuleResult, ...]:
    """Apply every rule of the policy.

    Args:
        policy: the environment's rules.
        evidence: what was measured.
        standing: the ledger and what people said.

    Returns:
        One result per rule that applies. Too few pairs, or a label that none of them carries,
        make every other figure meaningless: then only people's rules stand beside it.
    """
    enough = enough_pairs(policy, evidence)
    people = judge_standing(policy, standing)
    if enough.outcome != "PASS":
        return (enough, *people)
    return (
        enough,
        *judge_minimums(policy, evidence),
        *compare_with_champion(policy, evidence),
        *judge_slices(policy, evidence),
        *judge_stress(policy, evidence),
        *judge_trust(policy, evidence),
        *judge_budgets(policy, evidence),
        *judge_holdout(policy, evidence),
        *judge_shadow(policy, evidence),
        *judge_reviews(policy, evidence),
        *people,
    )
