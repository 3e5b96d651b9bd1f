"""Which weights stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.freezing import freeze


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("freezing") / "encoder")


def test_more_layers_than_there_are(encoder: Path) -> None:
    with pytest.raises(ValueError, match="frozen_layers is 3, but the encoder has 2 layers"):
        freeze(load_classifier(encoder), 3)


def test_layers_that_cannot_be_told_apart(encoder: Path) -> None:
    model = load_classifier(encoder)
    model.config.num_hidden_layers = 7
    with pytest.raises(ValueError, match="layers of a 'bert' encoder cannot be told apart"):
        freeze(model, 1)


@pytest.mark.parametrize(
    ("layers", "trained"),
    [
        (None, {"embeddings", "encoder.layer.0", "encoder.layer.1", "pooler", "classifier"}),
        (0, {"encoder.layer.0", "encoder.layer.1", "pooler", "classifier"}),
        (1, {"encoder.layer.1", "pooler", "classifier"}),
        (2, {"pooler", "classifier"}),
    ],
)
def test_embeddings_and_lowest_layers(layers: int | None, trained: set[str], encoder: Path) -> None:
    model = load_classifier(encoder)
    freeze(model, layers)
    parts = ("embeddings", "encoder.layer.0", "encoder.layer.1", "pooler", "classifier")
    names = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert {part for part in parts if any(part in name for name in names)} == trained
