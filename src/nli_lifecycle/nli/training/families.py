"""What differs between families of encoders: how long a pair may be, and what they read of it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from torch import nn
from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, AutoConfig

from nli_lifecycle.nli.quiet import quiet


def usable_length(model: Any) -> int | None:
    """Count the tokens of the longest pair that a model can read.

    Args:
        model: a sequence classifier.

    Returns:
        Tokens, special ones included; None where nothing limits them.
    """
    # Rotary and relative positions have no table; what they were trained for is the limit then.
    declared = getattr(model.config, "max_position_embeddings", None)
    limits = [int(declared)] if declared and declared > 0 else []
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa counts positions from behind its padding id: 514 rows serve 512 tokens.
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - unused)
    return min(limits, default=None)


def fit_tokenizer(tokenizer: Any, folder: Path | str) -> None:
    """Let a tokenizer make only what the model beside it reads.

    Args:
        tokenizer: a fast Hugging Face tokenizer; loses its token types where the model has none.
        folder: holds the model's config.json.

    Raises:
        ValueError: when the tokenizer has tokens that the model has no embeddings for.
    """
    with quiet():
        config = AutoConfig.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    highest, rows = max(tokenizer.get_vocab().values()), getattr(config, "vocab_size", None)
    if rows is not None and highest >= rows:
        raise ValueError(
            f"The tokenizer in {folder} gives token ids up to {highest}, but its model has "
            f"embeddings for {rows} tokens (vocab_size): they do not belong together. Use the "
            "tokenizer that the model was trained with."
        )
    if not _reads_token_types(config):
        wanted = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
        tokenizer.model_input_names = wanted


def _reads_token_types(config: Any) -> bool:
    """Tell whether premise and hypothesis are told apart by more than the separator."""
    kind = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING.get(type(config), None)
    if kind is None:  # is refused when it is loaded
        return True
    accepted = "token_type_ids" in inspect.signature(kind.forward).parameters
    return accepted and getattr(config, "type_vocab_size", 2) > 1
