import math

import pytest
from pydantic import ValidationError
from ready_evidence import CANDIDATE, CHAMPION, POLICY, around, comparison, evidence, measures

from nli_lifecycle.lifecycle.decision import Decision, decide
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.metrics.figures import Interval


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
        {"approvals": 1, "minimum_rows": 500},
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
        decide(stricter, evidence())


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
    from nli_lifecycle.lifecycle.rules.judge import judge

    outcomes = {result.rule: result.outcome for result in judge(POLICY, slipped)}
    assert outcomes.pop("enough pairs") == outcomes.pop("unseen pairs") == "PASS"
    assert set(outcomes.values()) == {"INCONCLUSIVE"}


def test_a_champion_without_measures_is_no_evidence():
    with pytest.raises(ValidationError, match="belong together"):
        Evidence.model_validate({**evidence().model_dump(), "comparison": None})


@pytest.mark.parametrize("rows, support", [(3, 1), (1_200, 0)])
def test_too_few_pairs_or_an_absent_label_hold_whatever_the_figures_say(rows, support):
    decision = decide(POLICY, evidence(rows=rows, support=support))
    assert decision.outcome == "hold"
    assert rules(decision) == {"enough pairs": "INCONCLUSIVE"}


def test_all_rules_passing_promote():
    decision = decide(POLICY, evidence())
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
    decision = decide(POLICY, evidence(compared=compared))
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
    assert rules(decide(POLICY, evidence(compared=compared)))["accuracy not worse"] == outcome


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
    decision = decide(ours, evidence(policy=ours, accuracy=accuracy))
    assert rules(decision)["minimum accuracy"] == outcome


def test_the_first_champion_is_decided_by_the_minimums():
    decision = decide(POLICY, evidence(champion=None))
    assert decision.outcome == "promote"
    assert rules(decision)["first champion"] == "PASS"
    assert "There is no champion yet" in sentence(decision, "first champion")


def test_the_first_champion_needs_a_minimum():
    ours = policy(minimums={})
    decision = decide(ours, evidence(policy=ours, champion=None))
    assert decision.outcome == "hold"
    assert rules(decision)["first champion"] == "INCONCLUSIVE"


def test_the_champions_own_bytes_are_unchanged_even_under_a_policy_they_would_fail():
    ours = policy(minimums={"accuracy": 0.99}, approvals=1)
    same = CHAMPION.model_copy(update={"digest": CANDIDATE.digest})
    decision = decide(ours, evidence(policy=ours, champion=same))
    assert decision.outcome == "unchanged"
    assert rules(decision) == {"same bytes": "PASS"}


def test_a_policy_with_approvals_holds_what_would_be_promoted():
    ours = policy(approvals=1)
    decision = decide(ours, evidence(policy=ours))
    assert decision.outcome == "hold"
    assert decision.reasons() == ("The policy asks for 1 approval, and none is given.",)


def test_approvals_do_not_save_what_is_rejected():
    ours = policy(approvals=1)
    assert decide(ours, evidence(policy=ours, accuracy=around(0.5))).outcome == "reject"


def test_the_decision_is_a_function_of_policy_and_evidence():
    first, second = decide(POLICY, evidence()), decide(POLICY, evidence())
    assert first == second
    assert first.content_hash() == second.content_hash()
    assert first.evidence_hash == evidence().content_hash()
    assert decide(POLICY, evidence(rows=1_300)).content_hash() != first.content_hash()
