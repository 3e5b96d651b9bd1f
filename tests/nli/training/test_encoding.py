"""Texts and labels become numbers without losing or adding anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training import encoding
from nli_lifecycle.nli.training.encoding import encode_pairs, label_positions, load_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("encoding"))


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    return load_tokenizer(folder)


def _tokens(encoded: encoding.EncodedPairs, row: int, tokenizer: Any) -> list[str]:
    ids = encoded.input_ids[encoded.starts[row] : encoded.starts[row + 1]]
    return tokenizer.convert_ids_to_tokens(ids.tolist())


def test_folder_without_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"No tokenizer can be read from {tmp_path}"):
        load_tokenizer(tmp_path)


def test_tokenizer_without_padding_token_is_refused(folder: Path, tmp_path: Path) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["pad_token"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    with pytest.raises(ValueError, match="padding token is needed"):
        load_tokenizer(tmp_path)


def test_stored_padding_and_truncation_do_not_leak_in(folder: Path, tmp_path: Path) -> None:
    stored = json.loads((folder / "tokenizer.json").read_text())
    stored["truncation"] = {
        "max_length": 6, "strategy": "LongestFirst", "stride": 0, "direction": "Right"
    }  # fmt: skip
    stored["padding"] = {
        "strategy": {"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": None,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
    }  # fmt: skip
    (tmp_path / "tokenizer.json").write_text(json.dumps(stored))
    settings = (folder / "tokenizer_config.json").read_text()
    (tmp_path / "tokenizer_config.json").write_text(settings)
    encoded = encode_pairs(
        ["a man runs outside"], ["nobody runs"], load_tokenizer(tmp_path), max_length=64
    )
    assert encoded.lengths.tolist() == [9]


def test_pairs_keep_their_order_and_types(tokenizer: Any) -> None:
    encoded = encode_pairs(
        ["a man runs", "the dog"], ["nobody runs", "a cat sleeps"], tokenizer, max_length=32
    )
    assert _tokens(encoded, 0, tokenizer) == "[CLS] a man runs [SEP] nobody runs [SEP]".split()
    assert _tokens(encoded, 1, tokenizer) == "[CLS] the dog [SEP] a cat sleeps [SEP]".split()
    assert encoded.type_ids is not None
    assert encoded.type_ids.tolist() == [0] * 5 + [1] * 3 + [0] * 4 + [1] * 4
    assert encoded.lengths.tolist() == [8, 8]


def test_only_the_premise_is_cut(tokenizer: Any) -> None:
    encoded = encode_pairs(
        ["a man runs outside and a dog sleeps"], ["nobody runs"], tokenizer, max_length=8
    )
    assert _tokens(encoded, 0, tokenizer) == "[CLS] a man runs [SEP] nobody runs [SEP]".split()


def test_hypothesis_too_long_for_the_window_leaves_one_premise_token(tokenizer: Any) -> None:
    encoded = encode_pairs(["a man runs"], ["the dog sleeps outside"], tokenizer, max_length=6)
    assert _tokens(encoded, 0, tokenizer) == "[CLS] a [SEP] the dog [SEP]".split()


def test_twenty_thousand_words_fit_the_window(tokenizer: Any) -> None:
    encoded = encode_pairs(["dog " * 20_000], ["a dog"], tokenizer, max_length=256)
    assert encoded.lengths.tolist() == [256]
    assert _tokens(encoded, 0, tokenizer)[-4:] == ["[SEP]", "a", "dog", "[SEP]"]


def test_chunks_join_seamlessly(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    premises = ["a man", "the big red dog", "nobody", "a", "the cat eats"]
    hypotheses = ["runs", "sleeps", "a bird sings", "b", "plays"]
    whole = encode_pairs(premises, hypotheses, tokenizer, max_length=16)
    monkeypatch.setattr(encoding, "TOKENISER_ROWS", 2)
    chunked = encode_pairs(premises, hypotheses, tokenizer, max_length=16)
    assert np.array_equal(whole.input_ids, chunked.input_ids)
    assert np.array_equal(whole.starts, chunked.starts)


def test_no_pairs_are_no_tokens(tokenizer: Any) -> None:
    encoded = encode_pairs([], [], tokenizer, max_length=16)
    assert encoded.lengths.tolist() == []
    assert encoded.input_ids.dtype == np.int32


def test_labels_become_positions() -> None:
    labels = pd.Series(["contradiction", "entailment", "neutral"])
    assert label_positions(labels, "training").tolist() == [2, 0, 1]


def test_unknown_label_is_named() -> None:
    with pytest.raises(ValueError, match=r"The training pairs have unknown labels \['maybe'\]"):
        label_positions(pd.Series(["neutral", "maybe"]), "training")


def test_absent_class_is_named() -> None:
    labels = pd.Series(["neutral", "neutral"])
    with pytest.raises(ValueError, match=r"\(2 rows\) hold no entailment and no contradiction"):
        label_positions(labels, "training", required=("entailment", "neutral", "contradiction"))


def test_no_rows_is_said() -> None:
    with pytest.raises(ValueError, match=r"The validation pairs \(0 rows\) hold no rows"):
        label_positions(pd.Series([], dtype=object), "validation")
