"""What a decision does to a registry, in memory and in MLflow."""

import pytest
from life import crown
from ready_evidence import POLICY, around, evidence
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.decision import decide
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.release import ReleaseError, release
from nli_lifecycle.lifecycle.standing import take_standing
from nli_lifecycle.nli.bundle import BundleError

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
    policy = measured.get("policy", POLICY)
    return decide(policy, facts, take_standing(registry, policy, facts))


def kinds(registry):
    return [entry.kind for entry in read(registry.ledger).history.entries]


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
    with pytest.raises(ReleaseError, match="made at epoch 0 .* now at epoch 1 .promote by"):
        release(registry, late, "run1")
    assert registry.alias("champion") == winner
    assert kinds(registry) == ["bootstrap", "promote"]


def test_any_step_of_the_ledger_since_the_decision_refuses_it(registry):
    from nli_lifecycle.lifecycle.moves import freeze

    decision = judged(registry)
    freeze(registry, "incident")
    with pytest.raises(ReleaseError, match="epoch 0 .* now at epoch 1 .freeze by somebody"):
        release(registry, decision, None)


def test_a_candidate_that_fails_its_golden_probes_is_not_released(registry, tmp_path):
    registry.register(sealed_folder(tmp_path / "bad", "wrong weights"), {})
    with pytest.raises(BundleError, match="does not answer as it was sealed: Golden probe 3"):
        release(registry, judged(registry), None)
    assert registry.alias("champion") is None and kinds(registry) == ["bootstrap"]


def test_a_promoter_that_loses_the_race_stops_and_harms_nothing(registry, monkeypatch, tmp_path):
    """Another process commits between the look at the head and the entry."""
    decision = judged(registry)
    rival = registry.register(sealed_folder(tmp_path / "two", "b"), {})
    registry.point("candidate", decision.candidate)
    fetch = registry.fetch

    def slow_fetch(ref):
        monkeypatch.setattr(registry, "fetch", fetch)
        crown(registry, rival)
        return fetch(ref)

    monkeypatch.setattr(registry, "fetch", slow_fetch)
    with pytest.raises(ReleaseError, match="changed dev.nli.classifier first: .* epoch 1"):
        release(registry, decision, None)
    assert registry.alias("champion") == rival
    assert kinds(registry) == ["bootstrap", "promote"]


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
    entry = read(registry.ledger).history.head
    assert (entry.kind, entry.epoch, entry.decision, entry.run, entry.reason) == (
        *("promote", 1, decision.content_hash(), "run1", "by policy"),
    )
    assert (record.epoch, record.entry) == (1, entry.line_hash())
    assert (tags["promotion_id"], tags["released_by"]) == (entry.promotion, "somebody")
    assert tags["ledger_entry_000001"] == entry.text()


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
    assert kinds(registry) == ["bootstrap", "promote"]


def test_long_reasons_are_cut_to_what_a_tag_holds(registry):
    recall = {"entailment": 0.9, "neutral": 0.9, "contradiction": 0.9}
    policy = Policy.model_validate({**POLICY.model_dump(), "minimums": {"recall": recall}})
    decision = judged(registry, policy=policy, recall=around(0.1))
    long = decision.rules[1].model_copy(update={"sentence": "x" * 2_000})
    release(registry, decision.model_copy(update={"rules": (long,)}), None)
    reasons = registry.tags(decision.candidate)["decision_reasons"]
    assert len(reasons) == 1_000 and reasons.endswith("…")
