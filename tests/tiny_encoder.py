"""A BERT of a few kilobytes with random weights: what every fast test trains, exports or serves."""

from __future__ import annotations

import string
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """a an the is are was not no nobody some every all man woman child dog cat bird horse
    red blue green big small runs sleeps sings eats reads plays outside inside park house and or
    who that two three four more less than before after""".split()


def make_tiny_encoder(folder: Path, *, seed: int = 0) -> Path:
    """Write a 2-layer, 32-wide BERT encoder and its WordPiece tokenizer, as the Hub would hold it.

    Single letters are in the vocabulary, so any ASCII word splits into known pieces.

    Args:
        folder: where to write ``config.json``, ``model.safetensors`` and the tokenizer; created.
        seed: seed of the random weights; the caller's random state is left as it was.

    Returns:
        ``folder``, as a path.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    symbols = string.ascii_lowercase + string.digits + string.punctuation
    pieces = [*SPECIAL, *symbols, *(f"##{s}" for s in symbols), *WORDS]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}

    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=512,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    ).save_pretrained(folder)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(
            BertConfig(
                vocab_size=len(vocabulary),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=512,
                # Wider than BERT's 0.02: a model this small learns nothing from tinier weights.
                initializer_range=0.2,
            )
        )
    model.save_pretrained(folder)
    return folder
