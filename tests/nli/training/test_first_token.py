"""Sparing the last layer changes what is computed, never what comes out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from encoder_families import FAMILIES as FINE_TUNED
from encoder_families import make_family
from transformers import AutoConfig, AutoModelForSequenceClassification

from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.first_token import FAMILIES, read_first_token_only

SMALL = {
    "vocab_size": 50, "hidden_size": 16, "embedding_size": 16, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 32, "initializer_range": 0.5,
    "num_labels": 3, "pad_token_id": 0,
}  # fmt: skip


def _model(family: str, attention: str, **changes: Any) -> Any:
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **{**SMALL, **changes})
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation=attention)
    return model.double()  # so that equal means equal to a dozen digits


def _batch() -> dict[str, torch.Tensor]:
    ids = torch.tensor([[2, 9, 8, 7, 3, 11, 3], [2, 5, 3, 6, 3, 0, 0]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_and_gradients_are_the_same(family: str, attention: str) -> None:
    whole = _model(family, attention).eval()  # without dropout, which draws other numbers
    spared = read_first_token_only(copy.deepcopy(whole))
    outputs = [model(**_batch()).logits for model in (whole, spared)]
    assert torch.allclose(*outputs, rtol=0, atol=1e-10)
    assert outputs[0].std() > 0.01  # the comparison is of more than zeros
    for logits in outputs:
        torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2])).backward()
    expected = dict(whole.named_parameters())
    for name, weight in spared.named_parameters():
        if expected[name].grad is None:
            assert weight.grad is None, name
        else:
            assert torch.allclose(weight.grad, expected[name].grad, rtol=0, atol=1e-10), name


def test_padding_is_still_masked() -> None:
    model = read_first_token_only(_model("bert", "sdpa")).eval()
    batch = _batch()
    alone = {name: tensor[1:, :5] for name, tensor in batch.items()}
    assert torch.allclose(model(**batch).logits[1:], model(**alone).logits, rtol=0, atol=1e-10)


def test_only_one_token_leaves_the_last_layer() -> None:
    model = read_first_token_only(_model("bert", "sdpa")).eval()
    assert model.base_model(**_batch()).last_hidden_state.shape == (2, 1, 16)
    assert model.state_dict().keys() == _model("bert", "sdpa").state_dict().keys()


@pytest.mark.parametrize("family", FINE_TUNED)
def test_every_family_answers_as_without_it(family: str, tmp_path: Path) -> None:
    whole = load_classifier(make_family(tmp_path, family)).double().eval()
    spared = read_first_token_only(copy.deepcopy(whole))
    with torch.inference_mode():
        expected, found = (model(**_batch()).logits for model in (whole, spared))
    assert torch.allclose(found, expected, rtol=0, atol=1e-10)
    assert expected.std() > 0.01


def test_other_families_are_left_alone() -> None:
    model = _model("distilbert", "sdpa", dim=16, n_layers=2, n_heads=2, hidden_dim=32)
    before = model.eval()(**_batch()).logits
    assert torch.equal(read_first_token_only(model)(**_batch()).logits, before)
    assert model.base_model(**_batch()).last_hidden_state.shape == (2, 7, 16)
