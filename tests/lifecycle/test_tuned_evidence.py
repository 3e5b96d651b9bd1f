"""That parameters were tuned is part of the evidence, and changes nothing where they were not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError
from ready_evidence import POLICY, evidence, judged
from sealed_folder import sealed_folder

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.parameters import TrainingParameters
from nli_lifecycle.pipelines.evaluation.nodes import recall_tuning
from nli_lifecycle.pipelines.training.nodes import register_candidate
from nli_lifecycle.report.card import write_card

pytest_plugins = ["ready_registries"]


def tuned(trials: int | None) -> Evidence:
    return Evidence.model_validate({**evidence().model_dump(), "candidate_trials": trials})


def test_evidence_from_before_tuning_keeps_its_hash() -> None:
    assert "candidate_trials" not in evidence().model_dump(mode="json")
    assert "candidate_trials" not in evidence().model_dump_json()
    assert tuned(None).content_hash() == evidence().content_hash()


def test_the_number_of_trials_is_part_of_what_was_found() -> None:
    hashes = {tuned(trials).content_hash() for trials in (None, 1, 20)}
    assert len(hashes) == 3
    assert Evidence.model_validate_json(tuned(20).model_dump_json()) == tuned(20)
    with pytest.raises(ValidationError, match="candidate_trials"):
        tuned(0)


def test_rules_judge_a_tuned_candidate_like_any_other() -> None:
    assert judged(POLICY, tuned(20)).outcome == judged(POLICY, evidence()).outcome == "promote"


def test_the_card_says_among_how_many() -> None:
    found = tuned(20)
    tags = {"tuning_trials": "20", "tuning_study": "s1"}
    card = write_card(judged(POLICY, found), found, POLICY, tags)
    assert "- tuning: best of 20 trials of study s1\n" in card
    assert "- tuning" not in write_card(judged(POLICY, found), found, POLICY, {})


def test_bytes_trained_by_hand_that_then_win_a_study_say_so(
    memory_registry: Callable[..., InMemoryRegistry], tmp_path: Path
) -> None:
    registry, bundle = memory_registry(), sealed_folder(tmp_path / "bundle")
    made = KeyedStore(tmp_path / "models"), bundle, "k1", "d1", TrainingParameters()
    by_hand = register_candidate(registry, *made)
    assert recall_tuning(registry, by_hand) == {}
    tags = {"tuning_trials": "20", "tuning_study": "s1"}
    assert register_candidate(registry, *made, tags) == by_hand
    assert recall_tuning(registry, by_hand) == {"candidate_trials": 20}
    register_candidate(registry, *made)
    assert registry.tags(by_hand)["tuning_trials"] == "20"
