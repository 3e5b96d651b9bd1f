"""How long a pair may be, and whether its texts are told apart, differs between families."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from encoder_families import FAMILIES, make_family
from transformers import BertConfig

from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.encoding import encode_pairs, load_tokenizer
from nli_lifecycle.nli.training.families import usable_length

WITH_TYPES = ["bert", "electra"]


@pytest.mark.parametrize("family", FAMILIES)
def test_more_tokens_than_usable_are_refused_with_both_numbers(family: str, tmp_path: Path) -> None:
    usable, folder = FAMILIES[family].usable, make_family(tmp_path, family)
    message = f"max_length is {usable + 1} tokens, but the encoder in .* at most {usable}. Lower"
    with pytest.raises(ValueError, match=message):
        load_classifier(folder, max_length=usable + 1)
    assert usable_length(load_classifier(folder, max_length=usable)) == usable


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "distilbert", "electra"])
def test_usable_length_is_the_longest_that_works(family: str, tmp_path: Path) -> None:
    model = load_classifier(make_family(tmp_path, family)).eval()
    longest = torch.full((1, usable_length(model) or 0), 7)
    with torch.inference_mode():
        assert model(input_ids=longest).logits.isfinite().all()
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=torch.cat([longest, longest[:, :1]], dim=1))


def test_rotary_positions_end_where_their_training_did(tmp_path: Path) -> None:
    folder = make_family(tmp_path, "modernbert", max_position_embeddings=96)
    assert usable_length(load_classifier(folder)) == 96


def test_nothing_limits_an_encoder_without_positions() -> None:
    model = torch.nn.Module()
    model.config = BertConfig(max_position_embeddings=-1)
    assert usable_length(model) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_token_types_are_made_only_for_models_that_read_them(family: str, tmp_path: Path) -> None:
    folder = make_family(tmp_path, family)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = load_tokenizer(folder)
    encoded = encode_pairs(["a dog"], ["no cat"], tokenizer, max_length=32)
    assert (encoded.type_ids is not None) == (family in WITH_TYPES)
    assert ("token_type_ids" in tokenizer.model_input_names) == (family in WITH_TYPES)


def test_a_tokenizer_that_wants_no_types_is_respected(tmp_path: Path) -> None:
    folder = make_family(tmp_path, "bert")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["model_input_names"] = ["input_ids", "attention_mask"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    encoded = encode_pairs(["a dog"], ["no cat"], load_tokenizer(folder), max_length=32)
    assert encoded.type_ids is None
