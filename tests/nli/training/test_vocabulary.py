"""The embedding matrix is cut for training, and whole again in the checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training.batching import collate
from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.encoding import EncodedPairs, encode_pairs, load_tokenizer
from nli_lifecycle.nli.training.vocabulary import Vocabulary

TEXTS = ["a man sleeps", "the dog runs outside"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("vocabulary") / "encoder")


@pytest.fixture
def model(encoder: Path) -> Any:
    torch.manual_seed(0)
    return load_classifier(encoder).eval()


@pytest.fixture(scope="module")
def encoded(encoder: Path) -> EncodedPairs:
    return encode_pairs(TEXTS, TEXTS[::-1], load_tokenizer(encoder), max_length=32)


def _logits(model: Any, encoded: EncodedPairs) -> torch.Tensor:
    with torch.inference_mode():
        return model(**collate(encoded, np.arange(2), pad_id=0)).logits


def test_answers_stay_the_same(model: Any, encoded: EncodedPairs) -> None:
    before = _logits(model, encoded)
    vocabulary = Vocabulary(0, encoded)
    vocabulary.cut(model)
    used = len({0, *encoded.input_ids.tolist()})
    assert len(vocabulary) == used == len(model.get_input_embeddings().weight)
    assert torch.equal(_logits(model, vocabulary.number(encoded)), before)


def test_what_was_trained_goes_back_to_its_place(model: Any, encoded: EncodedPairs) -> None:
    before = model.get_input_embeddings().weight.detach().clone()
    vocabulary = Vocabulary(0, encoded)
    vocabulary.cut(model)
    with torch.no_grad():
        model.get_input_embeddings().weight.add_(1)
    expected = _logits(model, vocabulary.number(encoded))
    vocabulary.fill_up(model)
    after = model.get_input_embeddings().weight.detach()
    used = sorted({0, *encoded.input_ids.tolist()})
    others = sorted(set(range(len(before))) - set(used))
    assert others and torch.equal(after[others], before[others])
    assert torch.equal(after[used], before[used] + 1)
    assert torch.equal(_logits(model, encoded), expected)


def test_the_padding_id_keeps_its_number(encoded: EncodedPairs) -> None:
    # RoBERTa computes positions with it; ModernBERT's is the last of all.
    for pad_id in (1, 90):
        padded = EncodedPairs(np.append(encoded.input_ids, pad_id), None, encoded.starts)
        numbered = Vocabulary(pad_id, padded).number(padded)
        assert numbered.input_ids[-1] == pad_id


def test_frozen_embeddings_stay_frozen(model: Any, encoded: EncodedPairs) -> None:
    vocabulary = Vocabulary(0, encoded)
    model.get_input_embeddings().weight.requires_grad_(False)
    vocabulary.cut(model)
    assert not model.get_input_embeddings().weight.requires_grad
    vocabulary.fill_up(model)
    assert not model.get_input_embeddings().weight.requires_grad
