import math

import pytest
from pydantic import ValidationError
from ready_evidence import (
    CANDIDATE,
    CHAMPION,
    POLICY,
    around,
    comparison,
    evidence,
    judged,
    measures,
)

from nli_lifecycle.lifecycle.decision import Decision
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.rules.judge import judge
from nli_lifecycle.lifecycle.standing import Approval, Standing
from nli_lifecycle.nli.metrics.figures import Interval

STANDING = Standing(epoch=1, head="e" * 64, champion=CHAMPION)


def policy(**changes) -> Policy:
    return Policy.model_validate({**POLICY.model_dump(), **changes})


def rules(decision: Decision) -> dict[str, str]:
    return {rule.rule: rule.outcome for rule in decision.rules}


def sentence(decision: Decision, rule: str) -> str:
    return next(result.sentence for result in decision.rules if result.rule == rule)


@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"approvals": {"needed": 1}, "minimum_rows": 500},
        {"minimums": {"accuracy": None}, "non_inferiority": {"macro_f1": None}},
    ],
)
def test_a_policy_without_a_quality_rule_is_an_error(empty):
    with pytest.raises(ValidationError, match="The policy has no quality rule"):
        Policy.model_validate(empty)


def test_a_typo_in_a_policy_is_an_error():
    with pytest.raises(ValidationError, match="minimums.acuracy"):
        Policy.model_validate({"minimums": {"acuracy": 0.7}})
    with pytest.raises(ValidationError, match="minimums.recall"):
        Policy.model_validate({"minimums": {"recall": {"contradict": 0.5}}})


def test_evidence_of_another_policy_is_refused():
    stricter = policy(minimums={"accuracy": 0.9})
    with pytest.raises(ValueError, match="measured for policy .* Run `kedro run"):
        judged(stricter, evidence())


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_evidence_holds_no_nan_or_infinity(number):
    with pytest.raises(ValidationError, match="finite"):
        evidence(accuracy=Interval(number, 0.8, 0.9))


def test_nan_that_slips_past_validation_is_never_a_pass():
    nan = Interval(math.nan, math.nan, math.nan)
    good = evidence()
    slipped = Evidence.model_construct(
        **{
            **{name: getattr(good, name) for name in Evidence.model_fields},
            "candidate_measures": measures(accuracy=nan, macro_f1=nan, recall=nan),
            "comparison": comparison(accuracy=nan, macro_f1=nan),
        }
    )
    outcomes = {result.rule: result.outcome for result in judge(POLICY, slipped, STANDING)}
    assert outcomes.pop("enough pairs") == outcomes.pop("unseen pairs") == "PASS"
    assert set(outcomes.values()) == {"INCONCLUSIVE"}


def test_a_champion_without_measures_is_no_evidence():
    with pytest.raises(ValidationError, match="belong together"):
        Evidence.model_validate({**evidence().model_dump(), "comparison": None})


@pytest.mark.parametrize("rows, support", [(3, 1), (1_200, 0)])
def test_too_few_pairs_or_an_absent_label_hold_whatever_the_figures_say(rows, support):
    decision = judged(POLICY, evidence(rows=rows, support=support))
    assert decision.outcome == "hold"
    assert rules(decision) == {"enough pairs": "INCONCLUSIVE"}


def test_all_rules_passing_promote():
    decision = judged(POLICY, evidence())
    assert decision.outcome == "promote"
    assert rules(decision) == {
        "enough pairs": "PASS",
        "minimum accuracy": "PASS",
        "minimum macro-F1": "PASS",
        "minimum recall of contradiction": "PASS",
        "accuracy not worse": "PASS",
        "macro-F1 not worse": "PASS",
        "unseen pairs": "PASS",
    }
    assert sentence(decision, "minimum accuracy") == (
        "Accuracy 85.00% (95% interval 84.00 to 86.00) reaches the minimum of 70%."
    )
    assert sentence(decision, "accuracy not worse") == (
        "Accuracy is not more than 1 points below the champion's: difference +0.00, "
        "between -0.50 and +0.50 points (each bound at 95% confidence)."
    )


def test_one_failing_rule_rejects_and_gives_the_reason():
    compared = comparison(accuracy=around(-0.03, 0.005), macro_f1=around(0, 0.03))
    decision = judged(POLICY, evidence(compared=compared))
    assert decision.outcome == "reject"
    assert rules(decision)["accuracy not worse"] == "FAIL"
    assert rules(decision)["macro-F1 not worse"] == "INCONCLUSIVE"
    assert decision.reasons() == (
        "Accuracy is more than 1 points below the champion's: difference -3.00, "
        "between -3.50 and -2.50 points (each bound at 95% confidence).",
    )


@pytest.mark.parametrize(
    "lower, upper, outcome",
    [
        (-0.0099, 0.02, "PASS"),
        (-0.01, 0.02, "INCONCLUSIVE"),
        (-0.03, 0.02, "INCONCLUSIVE"),
        (-0.03, -0.0101, "FAIL"),
    ],
)
def test_the_margin_is_compared_with_the_bounds(lower, upper, outcome):
    compared = comparison(accuracy=Interval((lower + upper) / 2, lower, upper))
    assert rules(judged(POLICY, evidence(compared=compared)))["accuracy not worse"] == outcome


@pytest.mark.parametrize(
    "by, accuracy, outcome",
    [
        ("interval", around(0.72), "PASS"),
        ("interval", around(0.705), "INCONCLUSIVE"),
        ("interval", around(0.68), "FAIL"),
        ("estimate", around(0.705), "PASS"),
        ("estimate", around(0.695), "FAIL"),
    ],
)
def test_a_minimum_is_compared_as_the_policy_says(by, accuracy, outcome):
    ours = policy(minimums_by=by)
    decision = judged(ours, evidence(policy=ours, accuracy=accuracy))
    assert rules(decision)["minimum accuracy"] == outcome


def test_the_first_champion_is_decided_by_the_minimums():
    decision = judged(POLICY, evidence(champion=None))
    assert decision.outcome == "promote"
    assert rules(decision)["first champion"] == "PASS"
    assert "There is no champion yet" in sentence(decision, "first champion")


def test_the_first_champion_needs_a_minimum():
    ours = policy(minimums={})
    decision = judged(ours, evidence(policy=ours, champion=None))
    assert decision.outcome == "hold"
    assert rules(decision)["first champion"] == "INCONCLUSIVE"


def test_the_champions_own_bytes_are_unchanged_even_under_a_policy_they_would_fail():
    ours = policy(minimums={"accuracy": 0.99}, approvals={"needed": 1})
    same = CHAMPION.model_copy(update={"digest": CANDIDATE.digest})
    decision = judged(ours, evidence(policy=ours, champion=same))
    assert decision.outcome == "unchanged"
    assert rules(decision) == {"same bytes": "PASS"}


def test_a_policy_with_approvals_holds_what_would_be_promoted():
    ours = policy(approvals={"needed": 1})
    decision = judged(ours, evidence(policy=ours))
    assert decision.outcome == "hold"
    assert decision.reasons() == ("The policy asks for 1 approval, and none is given.",)


def approval(actor: str) -> Approval:
    return Approval(actor=actor, time="2026-01-01T00:00:00+00:00", reason="ok", vote="1" * 64)


def test_enough_approvals_promote_and_are_named():
    ours = policy(approvals={"needed": 2})
    one = judged(ours, evidence(policy=ours), approvals=(approval("ann"),))
    assert one.outcome == "hold"
    assert sentence(one, "approval") == "The policy asks for 2 approvals, and 1 is given."
    two = judged(ours, evidence(policy=ours), approvals=(approval("ann"), approval("bob")))
    assert two.outcome == "promote"
    assert sentence(two, "approval") == "Approved by ann (ok), bob (ok): 2 approvals asked for."


def test_an_approval_that_does_not_count_says_why():
    ours = policy(approvals={"needed": 1})
    decision = judged(ours, evidence(policy=ours), discounted=("ann trained the candidate",))
    assert decision.outcome == "hold"
    assert "none is given. Not counted: ann trained the candidate." in decision.reasons()[0]


def test_a_persons_rejection_is_final_whatever_else_speaks_for_it():
    ours = policy(approvals={"needed": 1})
    decision = judged(ours, evidence(policy=ours), rejected="bob: no", approvals=(approval("a"),))
    assert decision.outcome == "reject"
    assert decision.reasons() == ("Rejected by bob: no. That is final for these bytes.",)


def test_a_freeze_holds_what_would_be_promoted():
    decision = judged(POLICY, evidence(), frozen="bob on 2026-01-01: holidays")
    assert decision.outcome == "hold"
    assert decision.reasons() == ("Releases are frozen by bob on 2026-01-01: holidays.",)


def test_what_was_rolled_back_from_comes_back_only_with_an_approval():
    decision = judged(POLICY, evidence(), withdrawn="bob on 2026-01-01: bad")
    assert decision.outcome == "hold" and rules(decision)["rolled back"] == "INCONCLUSIVE"
    again = judged(POLICY, evidence(), withdrawn="bob: bad", approvals=(approval("ann"),))
    assert again.outcome == "promote"


@pytest.mark.parametrize("now", [None, CHAMPION.model_copy(update={"digest": "9" * 64})])
def test_evidence_against_another_champion_is_stale(now):
    with pytest.raises(ValueError, match="compared with dev.nli.classifier version 1 .*again"):
        judged(POLICY, evidence(), champion=now)


def test_evidence_without_a_champion_is_stale_once_there_is_one():
    with pytest.raises(ValueError, match="compared with no champion, but the champion is now"):
        judged(POLICY, evidence(champion=None), champion=CHAMPION)


def test_too_few_pairs_still_respect_a_rejection():
    assert judged(POLICY, evidence(rows=50), rejected="bob: no").outcome == "reject"


def test_approvals_do_not_save_what_is_rejected():
    ours = policy(approvals={"needed": 1})
    assert judged(ours, evidence(policy=ours, accuracy=around(0.5))).outcome == "reject"


def test_the_decision_is_a_function_of_policy_and_evidence():
    first, second = judged(POLICY, evidence()), judged(POLICY, evidence())
    assert first == second
    assert first.content_hash() == second.content_hash()
    assert first.evidence_hash == evidence().content_hash()
    assert judged(POLICY, evidence(rows=1_300)).content_hash() != first.content_hash()
