from pathlib import Path

import pytest
from kedro.config import OmegaConfigLoader
from ready_evidence import POLICY, around, comparison, evidence, judged, measures
from sealed_folder import sealed_folder

from nli_lifecycle import settings
from nli_lifecycle.lifecycle.evidence import EvidenceError
from nli_lifecycle.lifecycle.exhibits import Exhibits
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.release import ReleaseError
from nli_lifecycle.pipelines.promotion import nodes
from nli_lifecycle.pipelines.promotion.nodes import write_decision, write_report

CONF = Path(__file__).parents[3] / "conf"


@pytest.fixture(scope="module")
def policies() -> dict[str, Policy]:
    def policy(environment: str) -> Policy:
        loader = OmegaConfigLoader(str(CONF), env=environment, **settings.CONFIG_LOADER_ARGS)
        return Policy.model_validate(loader["parameters"]["policy"])

    return {environment: policy(environment) for environment in ("dev", "staging", "prod")}


def test_each_environment_is_at_least_as_strict_as_the_one_before(policies):
    for lenient, strict in (("dev", "staging"), ("staging", "prod")):
        before, after = policies[lenient], policies[strict]
        assert before.minimum_rows <= after.minimum_rows
        assert before.minimums.accuracy <= after.minimums.accuracy
        assert before.minimums.macro_f1 <= after.minimums.macro_f1
        assert before.minimums.recall.items() <= after.minimums.recall.items()
        assert before.non_inferiority.accuracy >= after.non_inferiority.accuracy
        assert before.non_inferiority.macro_f1 >= after.non_inferiority.macro_f1
        assert before.confidence <= after.confidence


def test_only_prod_waits_for_people(policies):
    assert {name: policy.approvals.needed for name, policy in policies.items()} == {
        "dev": 0,
        "staging": 0,
        "prod": 1,
    }


def test_a_decision_reads_well():
    found = evidence(compared=comparison(accuracy=around(-0.03, 0.005)), judged=30)
    text = write_decision(judged(POLICY, found), found)
    assert text.startswith("# dev: reject\n\nThe candidate is refused; the champion stays.\n")
    assert "- candidate: dev.nli.classifier version 2 (bbbbbbbbbbbb)" in text
    assert "| accuracy not worse | ✗ FAIL | Accuracy is more than 1 points below" in text
    assert "| accuracy | 0.8500 (0.8400 to 0.8600) | 0.8500 (0.8400 to 0.8600) | -0.0300" in text
    assert "| log loss | 0.4000 (0.3900 to 0.4100) | 0.4000 (0.3900 to 0.4100) | +0.0000" in text
    assert "| fresh evaluation set | advice | These pairs have judged 30" in text


def test_exhibits_of_other_evidence_are_refused(tmp_path):
    registry = InMemoryRegistry("dev.nli.classifier", environment="dev", folder=tmp_path / "memory")
    found = evidence()
    other = Exhibits(evidence_hash="0" * 64, disagreements=(), footprints={})
    with pytest.raises(EvidenceError, match="belong to other evidence"):
        write_report(registry, judged(POLICY, found), found, other, POLICY)


def test_the_report_knows_the_candidates_lineage(tmp_path):
    registry = InMemoryRegistry("dev.nli.classifier", environment="dev", folder=tmp_path / "memory")
    candidate = registry.register(sealed_folder(tmp_path / "one"), {"data_version": "d7"})
    found = evidence(champion=None).model_copy(update={"candidate": candidate})
    exhibits = Exhibits(evidence_hash=found.content_hash(), disagreements=(), footprints={})
    page = write_report(registry, judged(POLICY, found), found, exhibits, POLICY)
    assert "<dt>data_version</dt><dd><code>d7</code></dd>" in page


def test_a_first_champion_is_written_without_comparison():
    found = evidence(champion=None)
    text = write_decision(judged(POLICY, found), found)
    assert "- champion when judged: none yet" in text
    assert "| accuracy | 0.8500 (0.8400 to 0.8600) | – | – |" in text


@pytest.fixture
def ready(tmp_path):
    """A registry with a candidate, and what was measured about it."""
    registry = InMemoryRegistry("dev.nli.classifier", environment="dev", folder=tmp_path / "memory")
    candidate = registry.register(sealed_folder(tmp_path / "one"), {"author": "ann"})
    found = evidence(champion=None).model_copy(update={"candidate": candidate})
    return registry, candidate, found


def test_the_decision_is_carried_out_and_knows_its_run(ready, monkeypatch):
    registry, candidate, found = ready
    monkeypatch.setattr(nodes, "run_tags", lambda: {"run_id": "run1"})
    monkeypatch.setattr(nodes, "run_link", lambda: "#/experiments/1/runs/run1")
    decision = nodes.make_decision(POLICY, found, nodes.read_standing(registry, POLICY, found))
    record = nodes.carry_out(registry, POLICY, found, decision, "text", "page", "card")
    tags = registry.tags(candidate)
    assert record.run_id == tags["decision_run_id"] == "run1"
    assert registry.alias("champion") == record.champion == candidate
    assert (tags["accuracy"], tags["macro_f1"], tags["judged_pairs"]) == (
        "0.8500",
        "0.8400",
        "1200",
    )
    description = registry.descriptions[candidate.version]
    assert description.startswith("**promote** in dev, against no champion. Accuracy 85.0%")
    assert "(#/experiments/1/runs/run1/artifacts/decision)" in description


@pytest.mark.parametrize(
    "altered",
    [
        {"outcome": "promote"},
        {"rules": ()},
        {"evidence_hash": "0" * 64},
        {"policy_hash": "0" * 64},
    ],
)
def test_an_altered_decision_is_refused_before_anything_moves(ready, altered):
    registry, candidate, found = ready
    found = found.model_copy(update={"candidate_measures": measures(accuracy=around(0.5))})
    decision = nodes.make_decision(POLICY, found, nodes.read_standing(registry, POLICY, found))
    before = registry.tags(candidate)
    with pytest.raises(ReleaseError, match="does not follow from the policy and the evidence"):
        nodes.carry_out(registry, POLICY, found, decision.model_copy(update=altered), "", "", "")
    assert registry.alias("champion") is None and registry.tags(candidate) == before


def test_the_model_card_says_what_against_what_why_and_where_from(ready):
    registry, candidate, found = ready
    registry.tag(candidate, {"lineage": "dev.nli.classifier version 3 (run 1234abcd)"})
    card = nodes.write_model_card(registry, judged(POLICY, found), found, POLICY)
    assert card.startswith(f"# {candidate}\n")
    assert "## dev: promote" in card and "Judged against no champion on 1,200 pairs" in card
    assert "| accuracy | 0.8500 (0.8400 to 0.8600) | – |" in card
    assert "- way here: dev.nli.classifier version 3 (run 1234abcd)" in card
    assert "- trained by: ann" in card and f"- digest: {candidate.digest}" in card
