"""Training starts from an encoder, or from the very checkpoint that became the champion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from life import crown
from ready_evidence import POLICY
from ready_registries import MakeRegistry
from sealed_folder import answering_bundle
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.nli.training.soundness import EncoderError
from nli_lifecycle.parameters import ExportParameters, TrainingParameters
from nli_lifecycle.pipelines.training.nodes import identify
from nli_lifecycle.pipelines.training.start import Start, choose_start

pytest_plugins = ["ready_registries"]

KEYS = ["0123456789abcdef", "fedcba9876543210"]
CONTINUE = TrainingParameters(start_from="champion", encoder="/no/such/folder")


@pytest.fixture
def registry(memory_registry: MakeRegistry) -> Registry:
    return memory_registry()


@pytest.fixture
def models(tmp_path: Path) -> KeyedStore:
    return KeyedStore(tmp_path / "models")


def _train(models: KeyedStore, key: str, seed: int = 0) -> Path:
    """What a training leaves in the store."""
    with models.writing(key, "checkpoint") as folder:
        make_tiny_encoder(folder, seed=seed)
        (folder / "training.json").write_text(json.dumps({"seconds": seed}))
    return models.folder / key / "checkpoint"


def _release(registry: Registry, folder: Path, **tags: str) -> None:
    """Register a model of its own bytes, and make it champion."""
    words = pd.DataFrame(
        [("A.", folder.name, "neutral")], columns=["premise", "hypothesis", "label"]
    )
    crown(registry, registry.register(answering_bundle(folder, trained_on=words), tags))


def _choose(registry: Registry, models: KeyedStore) -> Start:
    return choose_start(registry, models, CONTINUE, POLICY)


# ---- no champion to go on from


def test_without_a_champion_it_says_how_to_get_one(registry: Registry, models: KeyedStore) -> None:
    with pytest.raises(EncoderError) as error:
        _choose(registry, models)
    message = str(error.value)
    assert "dev.nli.classifier has no champion yet" in message
    assert "training.start_from: encoder" in message


def test_champion_from_upstream_names_where_it_was_trained(
    registry: Registry, models: KeyedStore, tmp_path: Path
) -> None:
    _release(registry, tmp_path / "a", training_key=KEYS[0], upstream_model="lab.nli.classifier")
    with pytest.raises(EncoderError) as error:
        _choose(registry, models)
    assert "was not trained here: it was taken in from lab.nli.classifier" in str(error.value)
    assert "training.start_from: encoder" in str(error.value)


def test_lost_checkpoint_is_named(registry: Registry, models: KeyedStore, tmp_path: Path) -> None:
    _release(registry, tmp_path / "a", training_key=KEYS[0])
    shutil.rmtree(_train(models, KEYS[0]))
    with pytest.raises(EncoderError) as error:
        _choose(registry, models)
    assert f"{models.folder / KEYS[0] / 'checkpoint'}, which is gone" in str(error.value)
    assert "Restore that folder" in str(error.value)


@pytest.mark.parametrize("tags", [{}, {"training_key": ".."}, {"training_key": "../models/x"}])
def test_tag_that_is_no_key_leads_nowhere(
    tags: dict[str, str], registry: Registry, models: KeyedStore, tmp_path: Path
) -> None:
    make_tiny_encoder(models.folder.parent / "checkpoint")  # where '..' would lead
    _release(registry, tmp_path / "a", **tags)
    with pytest.raises(EncoderError, match="does not say which training made it"):
        _choose(registry, models)


def test_damaged_checkpoint_is_refused(
    registry: Registry, models: KeyedStore, tmp_path: Path
) -> None:
    _release(registry, tmp_path / "a", training_key=KEYS[0])
    (_train(models, KEYS[0]) / "model.safetensors").write_bytes(b"")
    with pytest.raises(EncoderError, match="model.safetensors is damaged"):
        _choose(registry, models)


# ---- the start


def test_an_encoder_needs_no_registry(models: KeyedStore, tmp_path: Path) -> None:
    encoder = make_tiny_encoder(tmp_path / "encoder")
    nobody: Registry = None  # type: ignore[assignment]
    training = TrainingParameters(encoder=str(encoder))
    assert choose_start(nobody, models, training, POLICY) == Start(encoder)


def test_the_champions_checkpoint_is_found_by_its_training_key(
    make_registry: MakeRegistry, models: KeyedStore, tmp_path: Path
) -> None:
    registry = make_registry()
    checkpoints = [_train(models, key, seed) for seed, key in enumerate(KEYS)]
    for name, key, checkpoint in zip("ab", KEYS, checkpoints):
        _release(registry, tmp_path / name, training_key=key)
        start = _choose(registry, models)
        assert start.weights == checkpoint
        assert start.champion is not None
        champion = registry.alias("champion")
        assert champion is not None and start.champion.digest == champion.digest


def test_a_candidate_that_is_not_released_changes_no_start(
    registry: Registry, models: KeyedStore, tmp_path: Path
) -> None:
    for seed, key in enumerate(KEYS):
        _train(models, key, seed)
    _release(registry, tmp_path / "a", training_key=KEYS[0])
    before = _choose(registry, models)
    registry.register(answering_bundle(tmp_path / "b", 2), {"training_key": KEYS[1]})
    assert _choose(registry, models) == before


# ---- the key


def test_same_champion_same_key_until_another_is_released(
    registry: Registry, models: KeyedStore, tmp_path: Path
) -> None:
    keys = []
    for seed, (name, made) in enumerate(zip("ab", KEYS)):
        _train(models, made, seed)
        _release(registry, tmp_path / name, training_key=made)
        for _ in range(2):
            keys.append(identify("d1", _choose(registry, models), CONTINUE, ExportParameters()))
    assert keys[0] == keys[1] and keys[2] == keys[3]
    assert keys[0] != keys[2]


def test_when_a_checkpoint_was_made_does_not_change_the_key(models: KeyedStore) -> None:
    checkpoint = _train(models, KEYS[0])
    before = identify("d1", Start(checkpoint), CONTINUE, ExportParameters())
    (checkpoint / "training.json").write_text("{}")
    assert identify("d1", Start(checkpoint), CONTINUE, ExportParameters()) == before
    make_tiny_encoder(checkpoint, seed=1)
    assert identify("d1", Start(checkpoint), CONTINUE, ExportParameters()) != before
