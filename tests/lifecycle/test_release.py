"""What a decision does to a registry, in memory and in MLflow."""

import pytest
from ready_evidence import POLICY, around, evidence
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.decision import decide
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.release import ReleaseError, release

pytest_plugins = ["ready_registries"]


@pytest.fixture
def registry(make_registry, tmp_path):
    registry = make_registry()
    registry.register(sealed_folder(tmp_path / "one", "a"), {})
    return registry


def judged(registry, **measured):
    """A decision about the registry's candidate as it stands now."""
    measured = {"champion": registry.alias("champion"), **measured}
    facts = evidence(**measured).model_copy(
        update={"candidate": registry.alias("candidate"), "environment": registry.environment}
    )
    return decide(measured.get("policy", POLICY), facts)


def test_a_decision_of_another_environment_is_refused(registry):
    foreign = judged(registry).model_copy(update={"environment": "prod"})
    with pytest.raises(ReleaseError, match="made in prod, not in dev"):
        release(registry, foreign, None)
    assert registry.alias("champion") is None


def test_a_decision_about_other_bytes_is_refused(registry):
    decision = judged(registry)
    other = decision.candidate.model_copy(update={"digest": "0" * 64})
    with pytest.raises(ReleaseError, match="that version now has digest"):
        release(registry, decision.model_copy(update={"candidate": other}), None)
    assert registry.alias("champion") is None


def test_a_decision_against_yesterdays_champion_is_refused(registry, tmp_path):
    late = judged(registry)
    winner = registry.register(sealed_folder(tmp_path / "two", "b"), {})
    release(registry, judged(registry), "run2")
    registry.register(sealed_folder(tmp_path / "again", "a"), {})
    with pytest.raises(ReleaseError, match="compared with no champion, but .* is now .*version 2"):
        release(registry, late, "run1")
    assert registry.alias("champion") == winner


def test_a_decision_about_a_candidate_that_was_replaced_is_refused(registry, tmp_path):
    late = judged(registry)
    newer = registry.register(sealed_folder(tmp_path / "two", "b"), {})
    with pytest.raises(ReleaseError, match="version 1 .* the candidate is now .*version 2"):
        release(registry, late, "run1")
    assert registry.alias("champion") is None
    assert registry.alias("candidate") == newer


def test_the_first_promotion_makes_a_champion(registry):
    decision = judged(registry)
    record = release(registry, decision, "run1")
    assert registry.alias("champion") == record.champion == decision.candidate
    assert registry.alias("previous") is record.previous is None
    tags = registry.tags(decision.candidate)
    assert tags["decision"] == record.outcome == "promote"
    assert tags["decision_run_id"] == "run1"
    assert tags["evidence_hash"] == decision.evidence_hash
    assert tags["policy_hash"] == POLICY.content_hash()
    assert tags["decision_hash"] == record.decision_hash == decision.content_hash()


def test_a_promotion_keeps_the_previous_champion(registry, tmp_path):
    first = release(registry, judged(registry), None).champion
    second = registry.register(sealed_folder(tmp_path / "two", "b"), {})
    record = release(registry, judged(registry), None)
    assert (record.champion, record.previous) == (second, first)
    assert (registry.alias("champion"), registry.alias("previous")) == (second, first)


@pytest.mark.parametrize("outcome, accuracy", [("reject", 0.5), ("hold", 0.705)])
def test_what_is_not_promoted_stays_registered_with_its_reasons(registry, outcome, accuracy):
    decision = judged(registry, accuracy=around(accuracy))
    record = release(registry, decision, "run1")
    assert record.outcome == outcome
    assert registry.alias("champion") is record.champion is None
    tags = registry.tags(decision.candidate)
    assert tags["decision"] == outcome
    assert tags["decision_reasons"].startswith(f"Accuracy {100 * accuracy:.2f}%")


def test_unchanged_touches_nothing(registry):
    champion = release(registry, judged(registry), "run1").champion
    before = registry.tags(champion)
    record = release(registry, judged(registry), "run2")
    assert record.outcome == "unchanged"
    assert record.champion == champion
    assert registry.tags(champion) == before
    assert registry.alias("previous") is None


def test_the_same_promotion_again_changes_nothing(registry):
    decision = judged(registry)
    assert release(registry, decision, "run1") == release(registry, decision, "run1")


def test_long_reasons_are_cut_to_what_a_tag_holds(registry):
    recall = {"entailment": 0.9, "neutral": 0.9, "contradiction": 0.9}
    policy = Policy.model_validate({**POLICY.model_dump(), "minimums": {"recall": recall}})
    decision = judged(registry, policy=policy, recall=around(0.1))
    long = decision.rules[1].model_copy(update={"sentence": "x" * 2_000})
    release(registry, decision.model_copy(update={"rules": (long,)}), None)
    reasons = registry.tags(decision.candidate)["decision_reasons"]
    assert len(reasons) == 1_000 and reasons.endswith("…")
