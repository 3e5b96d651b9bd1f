"""Every rule of a policy: what fails it, what it cannot tell, what passes."""

from __future__ import annotations

import pytest
from ready_evidence import POLICY, UNSEEN, around, comparison, evidence, judged, part
from pydantic import ValidationError

from nli_lifecycle.lifecycle.decision import Decision
from nli_lifecycle.lifecycle.evidence import EvidenceError, Shortcut
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.budgets import Footprint
from nli_lifecycle.nli.data.overlap import Overlap
from nli_lifecycle.nli.metrics.figures import Interval


def policy(**changes) -> Policy:
    return Policy.model_validate({**POLICY.model_dump(), **changes})


def said(decision: Decision, rule: str) -> tuple[str, str]:
    return next((r.outcome, r.sentence) for r in decision.rules if r.rule == rule)


def names(decision: Decision) -> set[str]:
    return {rule.rule for rule in decision.rules}


# ---- better --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "difference, mcnemar, outcome",
    [
        (Interval(0.02, 0.006, 0.034), 0.001, "PASS"),
        (Interval(0.02, 0.006, 0.034), 0.2, "INCONCLUSIVE"),  # rows are not independent enough
        (Interval(0.01, 0.004, 0.016), 0.001, "INCONCLUSIVE"),
        (Interval(0.0, -0.004, 0.004), 1.0, "FAIL"),
    ],
)
def test_better_takes_the_whole_interval_above_the_gain_and_mcnemar(difference, mcnemar, outcome):
    asked = policy(superiority={"accuracy": 0.5})
    compared = comparison(accuracy=difference, mcnemar=mcnemar)
    found, sentence = said(
        judged(asked, evidence(policy=asked, compared=compared)), "accuracy better"
    )
    assert found == outcome
    assert "0.5 points above the champion's" in sentence and "McNemar test p" in sentence


def test_a_policy_of_superiority_alone_has_a_quality_rule_and_holds_the_first_champion():
    asked = policy(minimums={}, non_inferiority={}, superiority={"macro_f1": 0.5})
    decision = judged(asked, evidence(policy=asked, champion=None))
    assert decision.outcome == "hold"
    assert said(decision, "first champion")[0] == "INCONCLUSIVE"


@pytest.mark.parametrize(
    "log_loss, outcome",
    [
        (Interval(0.0, -0.01, 0.015), "PASS"),
        (Interval(0.015, 0.01, 0.03), "INCONCLUSIVE"),
        (Interval(0.05, 0.03, 0.07), "FAIL"),
    ],
)
def test_losses_are_worse_when_they_are_higher(log_loss, outcome):
    asked = policy(non_inferiority={"log_loss": 0.02})
    compared = comparison(log_loss=log_loss)
    found, sentence = said(
        judged(asked, evidence(policy=asked, compared=compared)), "log loss not worse"
    )
    assert found == outcome and "0.02 nats above the champion's" in sentence


def test_what_is_inconclusive_says_how_many_pairs_would_settle_it():
    # 12 points of a point above the margin, 1 point wide: (1 / 0.5)^2 = 4 times the rows.
    compared = comparison(accuracy=Interval(-0.005, -0.015, 0.005))
    _, sentence = said(judged(POLICY, evidence(compared=compared)), "accuracy not worse")
    assert sentence.endswith("About 3,600 more pairs like these would settle it.")
    compared = comparison(accuracy=Interval(-0.01, -0.02, 0.0))
    _, sentence = said(judged(POLICY, evidence(compared=compared)), "accuracy not worse")
    assert sentence.endswith("no practical number of pairs would settle it.")


# ---- slices and stress ---------------------------------------------------------------------------


def test_a_slice_shown_to_be_worse_rejects_and_is_named():
    asked = policy(slices={"margin": 3})
    slices = part("kitchen", around(0, 0.02)), part("negation", Interval(-0.2, -0.3, -0.1))
    decision = judged(asked, evidence(policy=asked, slices=slices))
    assert decision.outcome == "reject"
    assert said(decision, "slices") == (
        "FAIL",
        "Of 2 slices, 1 is more than 3 points worse than the champion: genre negation -20.0 "
        "points, -30.0 to -10.0, 300 pairs (all bounds together at 95% confidence).",
    )


def test_a_slice_that_may_be_worse_is_no_reason_to_reject():
    asked = policy(slices={"margin": 3})
    slices = (part("kitchen", Interval(-0.05, -0.12, 0.02)),)
    decision = judged(asked, evidence(policy=asked, slices=slices))
    assert decision.outcome == "promote"
    outcome, sentence = said(decision, "slices")
    assert outcome == "PASS" and "the worst: genre kitchen -5.0 points" in sentence


@pytest.mark.parametrize("slices", [(), (part("kitchen", None),)])
def test_slices_that_were_not_measured_are_no_pass(slices):
    asked = policy(slices={"margin": 3})
    decision = judged(asked, evidence(policy=asked, slices=slices))
    assert (decision.outcome, said(decision, "slices")[0]) == ("hold", "INCONCLUSIVE")


def test_guards_have_nothing_to_say_without_a_champion_or_a_margin():
    asked = policy(slices={"margin": 3}, stress={"margin": 3})
    assert not {"slices", "stress"} & names(judged(asked, evidence(policy=asked, champion=None)))
    assert not {"slices", "stress"} & names(judged(POLICY, evidence()))


def test_a_stress_suite_shown_to_be_worse_rejects():
    asked = policy(stress={"margin": 5})
    stress = (part("word swap", Interval(-0.2, -0.3, -0.1), "grammar"),)
    decision = judged(asked, evidence(policy=asked, stress=stress))
    assert decision.outcome == "reject" and "grammar word swap" in said(decision, "stress")[1]


@pytest.mark.parametrize("minimum, outcome", [(0.75, "PASS"), (0.8, "INCONCLUSIVE"), (0.9, "FAIL")])
def test_a_suite_can_have_a_minimum(minimum, outcome):
    asked = policy(minimums={"accuracy": 0.7, "stress": {"identity": minimum}})
    decision = judged(asked, evidence(policy=asked, stress=(part("identity", around(0)),)))
    assert said(decision, "minimum accuracy on identity")[0] == outcome


def test_a_minimum_of_a_suite_that_was_not_measured_is_no_pass():
    asked = policy(minimums={"accuracy": 0.7, "stress": {"idnetity": 0.9}})
    decision = judged(asked, evidence(policy=asked, stress=(part("identity", around(0)),)))
    outcome, sentence = said(decision, "minimum accuracy on idnetity")
    assert (decision.outcome, outcome) == ("hold", "INCONCLUSIVE")
    assert "among those measured: identity" in sentence


# ---- trust ---------------------------------------------------------------------------------------


def seen(exact: int, near: int = 0):
    return UNSEEN.model_copy(update={"overlap": Overlap(4_500, exact, near, exact)})


def test_one_pair_of_the_training_data_is_one_too_many_by_default():
    decision = judged(POLICY, evidence(trust=seen(1)))
    assert decision.outcome == "reject"
    assert said(decision, "unseen pairs") == (
        "FAIL",
        "1 of 1,200 evaluation pairs (0.08%) are the same as pairs the candidate was trained on: "
        "more than the 0.00% allowed. Give this environment pairs of its own, or judge on the "
        "others: evaluation.training_rows: leave_out.",
    )


def test_near_duplicates_count_with_the_exact_ones():
    asked = policy(overlap={"exact": 0.01, "near": 0.01})
    decision = judged(asked, evidence(policy=asked, trust=seen(10, 5)))
    assert said(decision, "unseen pairs")[0] == "PASS"
    assert said(decision, "no near-duplicates")[0] == "FAIL"


def test_a_bundle_that_does_not_say_what_it_was_trained_on_is_no_pass():
    silent = UNSEEN.model_copy(update={"overlap": None})
    decision = judged(POLICY, evidence(trust=silent))
    assert (decision.outcome, said(decision, "unseen pairs")[0]) == ("hold", "INCONCLUSIVE")


def test_a_champion_that_has_seen_the_pairs_is_told_and_decides_nothing():
    decision = judged(POLICY, evidence(champion_trust=seen(40)))
    assert decision.outcome == "promote"
    outcome, sentence = said(decision, "champion's unseen pairs")
    assert "trained on 40 of the 1,200" in sentence
    assert sentence not in decision.reasons()


@pytest.mark.parametrize(
    "shortcut, outcome",
    [(0.6, "PASS"), (0.65, "INCONCLUSIVE"), (0.7, "FAIL"), (None, "INCONCLUSIVE")],
)
def test_the_gain_over_the_hypothesis_alone(shortcut, outcome):
    asked = policy(gain_over_hypothesis=20)
    known = None if shortcut is None else Shortcut(accuracy=shortcut, majority=0.4)
    trust = UNSEEN.model_copy(update={"shortcut": known})
    decision = judged(asked, evidence(policy=asked, trust=trust))
    assert said(decision, "more than the hypothesis")[0] == outcome


def test_share_of_gain_compares_with_the_better_of_shortcut_and_majority():
    assert Shortcut(accuracy=0.5, majority=0.4).share_of_gain(0.9) == pytest.approx(0.8)
    assert Shortcut(accuracy=0.3, majority=0.4).share_of_gain(0.9) == pytest.approx(1.0)
    assert Shortcut(accuracy=0.3, majority=0.4).share_of_gain(0.4) == 0


@pytest.mark.parametrize("limit, outcome", [(0.05, "PASS"), (0.03, "FAIL")])
def test_calibration(limit, outcome):
    asked = policy(calibration_error=limit)
    assert said(judged(asked, evidence(policy=asked)), "calibration")[0] == outcome


# ---- costs and the holdout -----------------------------------------------------------------------

SMALL = Footprint(latency_ms=6, pairs_per_second=200, megabytes=23, memory_megabytes=300)
LARGE = Footprint(latency_ms=12, pairs_per_second=100, megabytes=46, memory_megabytes=600)


@pytest.mark.parametrize(
    "budgets, rule, outcome",
    [
        ({"latency_ratio": 1.5}, "budget latency", "FAIL"),
        ({"latency_ratio": 2.0}, "budget latency", "PASS"),
        ({"throughput_ratio": 0.6}, "budget throughput", "FAIL"),
        ({"throughput_ratio": 0.5}, "budget throughput", "PASS"),
        ({"megabytes": 40}, "budget size", "FAIL"),
        ({"memory_megabytes": 700}, "budget memory", "PASS"),
    ],
)
def test_budgets_are_judged_where_the_policy_has_them(budgets, rule, outcome):
    asked = policy(budgets=budgets)
    measured = {"candidate_footprint": LARGE, "champion_footprint": SMALL}
    assert said(judged(asked, evidence(policy=asked, **measured)), rule)[0] == outcome


def test_budgets_that_were_not_measured_are_no_pass():
    asked = policy(budgets={"megabytes": 40})
    decision = judged(asked, evidence(policy=asked))
    assert (decision.outcome, said(decision, "budgets")[0]) == ("hold", "INCONCLUSIVE")


def test_a_worn_evaluation_set_is_told_and_decides_nothing():
    assert "fresh evaluation set" not in names(judged(POLICY, evidence(judged=20)))
    decision = judged(POLICY, evidence(judged=21))
    assert decision.outcome == "promote"
    assert "have judged 21 different candidates" in said(decision, "fresh evaluation set")[1]


def test_the_correction_spends_at_most_the_error_allowed():
    corrected = policy(holdout={"correct": True})
    spent = sum(1 - corrected.bound_confidence(judged) for judged in range(1, 100_000))
    assert spent == pytest.approx(1 - corrected.confidence, rel=1e-4)
    assert corrected.bound_confidence(1) == pytest.approx(0.975)
    assert POLICY.bound_confidence(50) == POLICY.confidence


def test_evidence_with_bounds_too_lax_for_its_place_in_line_is_refused():
    corrected = policy(holdout={"correct": True})
    lax = evidence(policy=corrected)
    lax = lax.model_copy(
        update={"method": lax.method.model_copy(update={"bound_confidence": 0.95})}
    )
    with pytest.raises(EvidenceError, match="0.95 confidence; the policy asks for 0.975"):
        judged(corrected, lax)


def test_a_champion_needs_all_that_is_known_of_it():
    with pytest.raises(ValidationError, match="belong together"):
        type(evidence()).model_validate({**evidence().model_dump(), "champion_trust": None})
