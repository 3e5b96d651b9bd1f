"""What people said: a rejection, a freeze, a rollback from these bytes, approvals."""

from __future__ import annotations

from collections.abc import Iterator

from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.result import RuleResult
from nli_lifecycle.lifecycle.standing import Standing


def judge_standing(policy: Policy, standing: Standing) -> Iterator[RuleResult]:
    """Apply the rules that people, not figures, settle.

    A digest that was rolled back from needs a person's approval even where the policy asks for
    none: else the next automatic run would release it again.
    """
    if standing.rejected:
        yield RuleResult(
            rule="rejection",
            outcome="FAIL",
            sentence=f"Rejected by {standing.rejected}. That is final for these bytes.",
        )
    if standing.frozen:
        yield RuleResult(
            rule="freeze",
            outcome="INCONCLUSIVE",
            sentence=f"Releases are frozen by {standing.frozen}.",
        )
    if standing.withdrawn:
        yield RuleResult(
            rule="rolled back",
            outcome="PASS" if standing.approvals else "INCONCLUSIVE",
            sentence=f"These bytes were rolled back from by {standing.withdrawn}. "
            + (
                "A person approved them again." if standing.approvals else "Only an approval helps."
            ),
        )
    if policy.approvals.needed:
        yield _approvals(policy.approvals.needed, standing)


def _approvals(needed: int, standing: Standing) -> RuleResult:
    given = standing.approvals
    asked = f"{needed} approval{'s' if needed > 1 else ''}"
    if len(given) >= needed:
        who = ", ".join(f"{one.actor} ({one.reason})" if one.reason else one.actor for one in given)
        return RuleResult(
            rule="approval", outcome="PASS", sentence=f"Approved by {who}: {asked} asked for."
        )
    number = "none" if not given else str(len(given))
    verb = "is" if len(given) < 2 else "are"
    sentence = f"The policy asks for {asked}, and {number} {verb} given."
    if standing.discounted:
        sentence += f" Not counted: {'; '.join(standing.discounted)}."
    return RuleResult(rule="approval", outcome="INCONCLUSIVE", sentence=sentence)
