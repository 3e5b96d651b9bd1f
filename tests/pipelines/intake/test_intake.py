import pytest
from life import crown
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.approval import approve
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.ledger.votes import approvals
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.registry import RegistryError
from nli_lifecycle.pipelines.intake.nodes import take_in


@pytest.fixture
def dev(tmp_path):
    return InMemoryRegistry("dev.nli.classifier", environment="dev", folder=tmp_path / "dev")


@pytest.fixture
def staging(tmp_path, dev):
    return InMemoryRegistry(
        "staging.nli.classifier", environment="staging", folder=tmp_path / "staging", upstream=dev
    )


def test_an_environment_that_trains_has_nothing_to_take_in(dev):
    with pytest.raises(RegistryError, match="Environment dev has no upstream"):
        take_in(dev)


def test_an_upstream_without_a_champion_says_what_to_run(dev, staging, tmp_path):
    dev.register(sealed_folder(tmp_path / "one"), {})
    with pytest.raises(RegistryError, match="no champion to take in.*`kedro run --env dev`"):
        take_in(staging)
    assert staging.alias("candidate") is None


def test_altered_upstream_bytes_are_not_taken_in(dev, staging, tmp_path):
    crown(dev, dev.register(sealed_folder(tmp_path / "one"), {}))
    (tmp_path / "dev" / "1" / "artifacts" / "bundle" / "model.onnx").write_text("tampered")
    with pytest.raises(RegistryError, match="dev.nli.classifier version 1 .* is damaged"):
        take_in(staging)
    assert staging.alias("candidate") is None


def test_the_bytes_come_in_with_their_lineage_and_without_their_judgement(dev, staging, tmp_path):
    facts = {"run_id": "r1", "training_key": "k1", "data_version": "d1", "code_version": "c1"}
    facts |= {"author": "ann", "tuning_trials": "20", "tuning_study": "s1"}
    origin = dev.register(sealed_folder(tmp_path / "one"), {**facts, "config_hash": "h1"})
    dev.tag(origin, {"decision": "promote", "approved_by": "someone", "evidence_hash": "e1"})
    dev.tag(origin, {"promotion_id": "p1"})
    crown(dev, origin)

    candidate = take_in(staging)
    assert candidate.name == "staging.nli.classifier"
    assert candidate.digest == origin.digest == staging.fetch(candidate).digest
    assert staging.alias("candidate") == candidate
    assert staging.alias("champion") is None
    assert staging.tags(candidate) == {
        "digest": origin.digest,
        "environment": "staging",
        "training_key": "k1",
        "data_version": "d1",
        "code_version": "c1",
        "tuning_trials": "20",
        "tuning_study": "s1",
        "upstream_model": "dev.nli.classifier",
        "upstream_version": "1",
        "upstream_digest": origin.digest,
        "upstream_run_id": "r1",
        "upstream_promotion": "p1",
        "author": "ann",
        "lineage": "dev.nli.classifier version 1 (run r1, promotion p1)",
    }


def test_taking_in_again_finds_the_version_already_made(dev, staging, tmp_path):
    crown(dev, dev.register(sealed_folder(tmp_path / "one", "a"), {}))
    first = take_in(staging)
    assert take_in(staging) == first
    crown(dev, dev.register(sealed_folder(tmp_path / "two", "b"), {}))
    second = take_in(staging)
    assert (first.version, second.version) == ("1", "2")


def test_an_upstream_alias_that_no_release_set_is_not_taken_in(dev, staging, tmp_path):
    one = dev.register(sealed_folder(tmp_path / "one", "a"), {})
    dev.point("champion", one)
    with pytest.raises(RegistryError, match="No release made .* version 1 .* the champion of dev"):
        take_in(staging)
    dev.point("candidate", one)
    del dev._aliases["champion"]
    crown(dev, one)
    dev.point("champion", dev.register(sealed_folder(tmp_path / "two", "b"), {}))
    with pytest.raises(
        RegistryError, match="points at version 2, but the last release .*version 1"
    ):
        take_in(staging)


def test_what_a_newer_champion_replaces_is_superseded_and_its_approvals_void(
    dev, staging, tmp_path
):
    crown(dev, dev.register(sealed_folder(tmp_path / "one", "a"), {}))
    first = take_in(staging)
    settle(staging)
    staging.tag(first, {"decision": "hold", "policy_hash": "p", "evidence_hash": "e"})
    approve(staging, None, "looks good")
    crown(dev, dev.register(sealed_folder(tmp_path / "two", "b"), {}))
    second = take_in(staging)

    tags = staging.tags(first)
    assert (tags["decision"], tags["superseded_by"]) == ("superseded", second.version)
    votes = read(staging.ledger).votes
    assert [vote.kind for vote in votes] == ["approve", "void"]
    assert approvals(votes, first.digest, "p", "e") == ()
