"""Decision: policy × evidence × standing → promote, hold, reject or unchanged, with reasons.

Pure: the same evidence, policy and standing give the same decision.
"""

from __future__ import annotations

from typing import Literal

from nli_lifecycle.lifecycle.documents import Document, ModelRef
from nli_lifecycle.lifecycle.evidence import Evidence, EvidenceError
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.judge import judge
from nli_lifecycle.lifecycle.rules.result import RuleOutcome, RuleResult
from nli_lifecycle.lifecycle.standing import Standing

Outcome = Literal["promote", "hold", "reject", "unchanged"]


class Decision(Document):
    """The judgement on a candidate, bound to evidence, policy and the ledger's head."""

    environment: str
    outcome: Outcome
    rules: tuple[RuleResult, ...]
    evidence_hash: str
    policy_hash: str
    candidate: ModelRef
    champion: ModelRef | None
    standing: Standing

    def reasons(self) -> tuple[str, ...]:
        """Sentences of the rules that decided: the failed, else the inconclusive, else all."""
        deciding = [rule for rule in self.rules if not rule.advisory]
        for outcome in ("FAIL", "INCONCLUSIVE", "PASS"):
            if found := tuple(rule.sentence for rule in deciding if rule.outcome == outcome):
                return found
        return ()


def decide(policy: Policy, evidence: Evidence, standing: Standing) -> Decision:
    """Judge a candidate.

    Args:
        policy: the environment's rules.
        evidence: what was measured for that policy.
        standing: the ledger's head and what people said, as of now.

    Returns:
        ``unchanged`` where the candidate's bytes are the champion's; else ``reject`` if any
        rule fails, ``hold`` if any is inconclusive, ``promote`` if all pass.

    Raises:
        EvidenceError: the evidence was measured for another policy, or its bounds hold at
            another confidence than the policy asks for, or it compares with a champion that is
            champion no longer.
    """
    policy_hash = policy.content_hash()
    if evidence.policy_hash != policy_hash:
        raise EvidenceError(
            f"The evidence was measured for policy {evidence.policy_hash[:12]}, but the policy is "
            f"now {policy_hash[:12]}. Run `kedro run --pipelines evaluation,promotion`."
        )
    needed = policy.bound_confidence(evidence.evaluation_set.judged)
    if evidence.method.bound_confidence < needed:
        raise EvidenceError(
            f"The evidence bounds differences at {evidence.method.bound_confidence:g} confidence; "
            f"the policy asks for {needed:g}. Run `kedro run --pipelines evaluation,promotion`."
        )
    champion = standing.champion
    rules: tuple[RuleResult, ...]
    if champion and champion.digest == evidence.candidate.digest:
        outcome: Outcome = "unchanged"
        rules = (_same_bytes(champion),)
    else:
        _check_champion(evidence.champion, champion, evidence.environment)
        rules = judge(policy, evidence, standing)
        outcome = _outcome({rule.outcome for rule in rules if not rule.advisory})
    return Decision(
        environment=evidence.environment,
        outcome=outcome,
        rules=rules,
        evidence_hash=evidence.content_hash(),
        policy_hash=policy_hash,
        candidate=evidence.candidate,
        champion=champion,
        standing=standing,
    )


def _check_champion(compared: ModelRef | None, champion: ModelRef | None, environment: str) -> None:
    if (compared and compared.digest) != (champion and champion.digest):
        raise EvidenceError(
            f"The candidate was compared with {compared or 'no champion'}, but the champion is "
            f"now {champion or 'nobody'}. Run evaluation again: "
            f"`kedro run --env {environment} --pipelines evaluation,promotion`."
        )


def _outcome(said: set[RuleOutcome]) -> Outcome:
    if "FAIL" in said:
        return "reject"
    return "promote" if said == {"PASS"} else "hold"


def _same_bytes(champion: ModelRef) -> RuleResult:
    return RuleResult(
        rule="same bytes",
        outcome="PASS",
        sentence=f"The candidate's digest is that of the champion, {champion}: nothing to release.",
    )
