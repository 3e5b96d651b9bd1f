"""Tiny encoders with random weights, one of each family that people fine-tune for NLI."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tiny_encoder import SPECIAL, WORDS
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    BertTokenizer,
    DebertaTokenizer,
    DebertaV2Tokenizer,
    PreTrainedTokenizerFast,
    RobertaTokenizer,
    XLMRobertaTokenizer,
)

CHARACTERS = string.ascii_letters + string.digits + string.punctuation
ANGLED = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]  # RoBERTa's special tokens, in its order


def _wordpiece(**settings: Any) -> Any:
    pieces = [*SPECIAL, *CHARACTERS, *(f"##{c}" for c in CHARACTERS), *WORDS]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    return BertTokenizer(vocab=vocabulary, do_lower_case=True, **settings)


def _bytes(kind: Any, special: list[str], **settings: Any) -> Any:
    pieces = [*special, *sorted(ByteLevel.alphabet())]
    return kind(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], **settings)


def _pieces(kind: Any, special: list[str]) -> Any:
    pieces = [*(f"▁{word}" for word in WORDS), "▁", *CHARACTERS]
    scored = [(token, 0.0) for token in special] + [(piece, -len(WORDS) / 9) for piece in pieces]
    return kind(vocab=scored)


def _modern() -> Any:
    """ModernBERT's tokenizer: byte-level, BERT's special tokens, no token types."""
    plain = _bytes(DebertaTokenizer, SPECIAL)
    return PreTrainedTokenizerFast(
        tokenizer_object=plain.backend_tokenizer,
        **{f"{name.strip('[]').lower()}_token": name for name in SPECIAL},
        model_input_names=["input_ids", "attention_mask"],
    )


class Family(NamedTuple):
    """How a family's encoders differ from BERT's."""

    tokenizer: Callable[[], Any]
    usable: int  # tokens of the longest pair that it takes
    config: dict[str, Any]


ROBERTA = {"max_position_embeddings": 514, "type_vocab_size": 1, "pad_token_id": 1}
DEBERTA = {
    "max_position_embeddings": 512, "relative_attention": True, "position_biased_input": False,
    "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0, "pooler_hidden_size": 32,
}  # fmt: skip
FAMILIES = {
    "bert": Family(_wordpiece, 512, {}),
    "electra": Family(_wordpiece, 512, {"embedding_size": 16}),
    "distilbert": Family(
        lambda: _wordpiece(model_input_names=["input_ids", "attention_mask"]),
        512,
        {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    ),
    "roberta": Family(lambda: _bytes(RobertaTokenizer, ANGLED), 512, ROBERTA),
    "xlm-roberta": Family(lambda: _pieces(XLMRobertaTokenizer, ANGLED), 512, ROBERTA),
    "deberta": Family(lambda: _bytes(DebertaTokenizer, SPECIAL), 512, DEBERTA),
    "deberta-v2": Family(
        lambda: _pieces(DebertaV2Tokenizer, SPECIAL),
        512,
        DEBERTA
        | {"position_buckets": 16, "share_att_key": True, "norm_rel_ebd": "layer_norm"}
        | {"attention_head_size": 16},
    ),
    "modernbert": Family(
        _modern,
        8192,
        {
            "max_position_embeddings": 8192, "global_attn_every_n_layers": 2,
            "local_attention": 16, "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3,
            "bos_token_id": 2, "eos_token_id": 3,
        },
    ),
}  # fmt: skip


def make_family(folder: Path, family: str, *, seed: int = 0, **changes: Any) -> Path:
    """Write a 2-layer, 32-wide encoder of a family, as the Hub would hold it.

    Args:
        folder: where to write it; created.
        family: a key of ``FAMILIES``.
        seed: seed of the random weights; the caller's random state is left as it was.
        changes: settings of its configuration; ``id2label`` makes it a trained classifier.

    Returns:
        ``folder``.
    """
    tokenizer = FAMILIES[family].tokenizer()
    tokenizer.save_pretrained(folder)
    small = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 512,
        # Wider than 0.02: a model this small learns nothing from tinier weights.
        "initializer_range": 0.2,
    }  # fmt: skip
    config = AutoConfig.for_model(family, **small | FAMILIES[family].config | changes)
    kind = AutoModelForSequenceClassification if "id2label" in changes else AutoModel
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        kind.from_config(config).save_pretrained(folder)
    return folder
