"""Admission: what a platform names is judged only if it is the undecided candidate."""

import pytest
from life import ASKING, kinds, promote, submit

from nli_lifecycle.lifecycle.admission import AdmissionError, admit
from nli_lifecycle.lifecycle.approval import approve, reject
from nli_lifecycle.lifecycle.moves import rollback

pytest_plugins = ["ready_registries"]

NAME = "prod.nli.classifier"


@pytest.fixture
def registry(make_registry, tmp_path):
    """A champion, and a candidate that nobody has judged yet."""
    registry = make_registry("prod")
    submit(registry, tmp_path, "one")
    promote(registry)
    submit(registry, tmp_path, "two")
    return registry


def test_another_model_is_refused(registry):
    for model in ("staging.nli.classifier", "classifier", ""):
        with pytest.raises(AdmissionError, match="and prod judges prod.nli.classifier. Connect"):
            admit(registry, model, "2")


def test_a_version_that_is_not_there_is_refused(registry):
    for version in ("3", "latest", ""):
        with pytest.raises(AdmissionError, match="has no version .* that was registered here"):
            admit(registry, NAME, version)


def test_a_version_that_somebody_else_registered_is_refused(mlflow_registry, tmp_path):
    registry = mlflow_registry("prod")
    candidate = submit(registry, tmp_path, "one")
    source = registry.client.get_model_version(NAME, candidate.version).source
    foreign = registry.client.create_model_version(NAME, source)
    with pytest.raises(AdmissionError, match=f"has no version {foreign.version} that was reg"):
        admit(registry, NAME, str(foreign.version))


def test_a_model_without_versions_is_refused(make_registry):
    with pytest.raises(AdmissionError, match="has no version 1"):
        admit(make_registry("prod"), NAME, "1")


def test_what_is_no_longer_the_candidate_is_refused(registry, tmp_path):
    submit(registry, tmp_path, "three")
    with pytest.raises(AdmissionError, match="version 2.* is not the candidate of prod: that is"):
        admit(registry, NAME, "2")


def test_what_was_released_is_refused_also_after_a_rollback(registry):
    promote(registry)
    with pytest.raises(AdmissionError, match="was decided already: it is the champion"):
        admit(registry, NAME, "2")
    rollback(registry, "too slow")
    with pytest.raises(AdmissionError, match="was decided already: promote"):
        admit(registry, NAME, "2")


def test_what_policy_or_a_person_rejected_is_refused(registry, tmp_path):
    assert promote(registry, accuracy=0.5).outcome == "reject"
    with pytest.raises(AdmissionError, match="was decided already: reject"):
        admit(registry, NAME, "2")
    submit(registry, tmp_path, "three")
    reject(registry, "3", "leaks names")
    with pytest.raises(AdmissionError, match="rejected by .*leaks names"):
        admit(registry, NAME, "3")


def test_the_candidate_is_admitted_and_nothing_changes(registry):
    before = registry.versions(), registry.aliases(), kinds(registry)
    assert admit(registry, NAME, "2") == registry.alias("candidate")
    assert (registry.versions(), registry.aliases(), kinds(registry)) == before


def test_the_first_candidate_is_admitted_before_there_is_a_ledger(make_registry, tmp_path):
    registry = make_registry("prod")
    candidate = submit(registry, tmp_path, "one")
    assert admit(registry, NAME, "1") == candidate
    assert kinds(registry) == []


def test_what_is_held_is_judged_again_when_its_approval_has_come(registry):
    assert promote(registry, ASKING).outcome == "hold"
    held = admit(registry, NAME, "2")
    approve(registry, "2", "good enough")
    assert admit(registry, NAME, "2") == held
    assert promote(registry, ASKING).champion == held
