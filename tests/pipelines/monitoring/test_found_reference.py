"""A release's reference is found by its digest, whatever brought it in; or what lacks is said."""

from __future__ import annotations

import json

import numpy as np
import pytest
from filed_runs import answers, evaluated, file_run, measured, released
from life import ASKING, promote, submit
from ready_evidence import around

from nli_lifecycle.lifecycle.approval import approve
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.moves import freeze, rollback
from nli_lifecycle.lifecycle.reconcile import reconcile
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.state import KnownReference
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.pipelines.monitoring.reference import (
    ANSWERS,
    EVIDENCE,
    FoundReference,
    find_reference,
)

pytest_plugins = ["ready_registries"]


def two_releases(registry, tmp_path):
    """Two released champions, of accuracies 0.80 and 0.85, each with its reference."""
    for weights, accuracy in (("one", 0.80), ("two", 0.85)):
        submit(registry, tmp_path, weights)
        about = measured(registry, accuracy)
        evaluated(registry, about)
        assert released(registry, about).outcome == "promote"
    return registry


@pytest.fixture
def registry(memory_registry, tmp_path):
    return two_releases(memory_registry(), tmp_path)


def champion(registry) -> str:
    return read(registry.ledger).history.champion.digest


def found(registry) -> FoundReference:
    return find_reference(registry, champion(registry))


def test_after_a_promotion_and_after_a_rollback_whose_entry_names_no_run(make_registry, tmp_path):
    registry = two_releases(make_registry(), tmp_path)
    complete = found(registry)
    assert complete.why == ""
    assert complete.reference == Reference(
        accuracy=around(0.85), macro_f1=around(0.84), confidence=0.95, summary=Summary.empty()
    )
    assert complete.texts.shape == (3, 6) and complete.texts[0, 1] == 2.5
    rollback(registry, "too slow")
    freeze(registry, "until it is known why")
    assert read(registry.ledger).history.head.run is None
    assert found(registry).reference.accuracy == around(0.80)
    assert found(registry).why == ""


def test_after_an_approval_the_decision_is_of_another_run_than_the_evidence(
    make_registry, tmp_path
):
    registry = make_registry("prod")
    submit(registry, tmp_path, "one")
    about = measured(registry, 0.9, ASKING)
    evaluated(registry, about)
    assert released(registry, about, ASKING).outcome == "hold"
    approve(registry, None, "read the report")
    assert released(registry, about, ASKING).outcome == "promote"
    assert (found(registry).reference.accuracy, found(registry).why) == (around(0.9), "")


def test_what_a_person_put_in_by_hand_is_found_by_its_judgement(make_registry, tmp_path):
    registry = make_registry()
    submit(registry, tmp_path, "two")
    promote(registry)
    submit(registry, tmp_path, "three")
    about = measured(registry, 0.5)
    evaluated(registry, about)
    assert released(registry, about).outcome == "reject"
    registry.point("champion", registry.alias("candidate"))
    reconcile(registry, "adopt")
    assert read(registry.ledger).history.head.kind == "adopt"
    assert (found(registry).reference.accuracy, found(registry).why) == (around(0.5), "")


def test_a_release_of_before_keeps_its_figures_and_says_what_lacks(memory_registry, tmp_path):
    registry = memory_registry()
    submit(registry, tmp_path, "one")
    about = measured(registry, 0.8)
    evaluated(registry, about, with_answers=False)
    released(registry, about)
    partial = found(registry)
    assert (partial.reference.accuracy, partial.reference.summary) == (around(0.8), None)
    assert partial.texts is None
    assert partial.why.startswith(
        f"Of the release {champion(registry)[:12]}, its answers on the evaluation set, with which "
        "drift is compared cannot be found"
    )
    assert "`kedro run --env dev --pipelines evaluation` files it again" in partial.why

    # Evaluated again it is compared with itself, so that the evidence is another one.
    again = measured(registry, 0.8)
    evaluated(registry, again)
    assert again.content_hash() != about.content_hash()
    assert found(registry).why == "" and found(registry).reference.summary == Summary.empty()


@pytest.mark.parametrize(
    "damage",
    [
        lambda about: about.model_dump_json().replace("0.85", "0.99"),
        lambda about: about.model_dump_json()[:-20],
        lambda about: about.model_dump_json().replace('"schema_version":2', '"schema_version":1'),
    ],
)
def test_altered_evidence_gives_no_figures(memory_registry, tmp_path, damage):
    registry = memory_registry()
    submit(registry, tmp_path, "one")
    about = measured(registry, 0.85)
    tags = {"evidence_hash": about.content_hash(), "digest": about.candidate.digest}
    file_run(registry, tags, {EVIDENCE: damage(about), ANSWERS: answers(about)})
    released(registry, about)
    partial = found(registry)
    assert partial.reference == Reference(summary=Summary.empty())
    assert f"the evidence {about.content_hash()[:12]}, with accuracy" in partial.why


def test_a_damaged_document_is_as_none_and_an_intact_one_of_another_run_counts(registry):
    about = measured(registry, 0.85)
    broken = json.loads(answers(about))
    broken["summary"]["predicted"] = [1, 2]
    tags = {"evidence_hash": about.content_hash(), "digest": about.candidate.digest}
    file_run(registry, tags, {EVIDENCE: about.model_dump_json(), ANSWERS: json.dumps(broken)})
    assert found(registry).why == ""  # the release's own run has all


def test_answers_of_another_model_are_not_taken(memory_registry, tmp_path):
    registry = memory_registry()
    submit(registry, tmp_path, "one")
    about = measured(registry)
    foreign = {**json.loads(answers(about)), "digest": "0" * 64}
    tags = {"evidence_hash": about.content_hash(), "digest": about.candidate.digest}
    file_run(registry, tags, {EVIDENCE: about.model_dump_json(), ANSWERS: json.dumps(foreign)})
    released(registry, about)
    assert found(registry).reference.summary is None


def test_without_any_run_nothing_is_known(memory_registry, tmp_path):
    registry = memory_registry()
    submit(registry, tmp_path, "one")
    promote(registry)
    nothing = found(registry)
    assert nothing.reference == Reference() and nothing.texts is None
    assert "the evidence" in nothing.why and " and its answers on" in nothing.why


def test_an_unknown_digest_is_said_to_be_unknown(registry, memory_registry):
    for where in (registry, memory_registry("prod")):
        nothing = find_reference(where, "0" * 64)
        assert nothing.reference == Reference() and nothing.texts is None
        assert "under the digest 000000000000" in nothing.why
        assert f"kedro lifecycle history --env {where.environment}" in nothing.why


def test_looking_changes_nothing(registry):
    settle(registry)
    before = registry.ledger.lines(), registry.versions(), registry.aliases()
    found(registry)
    assert (registry.ledger.lines(), registry.versions(), registry.aliases()) == before


def test_it_is_kept_as_it_was_found(registry):
    for one in (found(registry), find_reference(registry, "0" * 64)):
        kept = KnownReference.of(one.reference, one.texts, one.why).model_dump_json()
        again = KnownReference.model_validate_json(kept)
        assert (again.reference(), again.why) == (one.reference, one.why)
        assert (again.features() is None) == (one.texts is None)
        if one.texts is not None:
            assert np.array_equal(again.features(), one.texts)


@pytest.mark.parametrize("missing", [0, 1])
def test_accuracy_and_answers_are_of_the_same_pairs_only_where_they_are_as_many(
    memory_registry, tmp_path, missing
):
    registry = memory_registry()
    submit(registry, tmp_path, "one")
    about = measured(registry, 0.8)
    pairs = about.evaluation_set.rows - missing
    tags = {"evidence_hash": about.content_hash(), "digest": about.candidate.digest}
    files = {EVIDENCE: about.model_dump_json(), ANSWERS: answers(about, pairs=pairs)}
    file_run(registry, tags, files)
    released(registry, about)
    assert found(registry).reference.same_pairs is (missing == 0)
