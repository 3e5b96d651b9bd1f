"""From texts and label names to numbers, once for the whole training."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer
from transformers import AutoTokenizer

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.families import fit_tokenizer

#: Rows handed to the tokenizer at once: bounds memory, and keeps its threads busy.
TOKENISER_ROWS = 10_000


@dataclass(frozen=True)
class EncodedPairs:
    """Token ids of all pairs, end to end: pair i is ``[starts[i]:starts[i + 1]]``."""

    input_ids: NDArray[np.int32]  # (tokens,)
    type_ids: NDArray[np.int8] | None  # (tokens,) 0 premise, 1 hypothesis; None: not wanted
    starts: NDArray[np.int64]  # (pairs + 1,)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per pair, special tokens included."""
        return np.diff(self.starts)


def load_tokenizer(folder: Path | str) -> Any:
    """Load a folder's fast tokenizer, free of any padding or truncation stored with it.

    Args:
        folder: an encoder's or checkpoint's folder.

    Returns:
        A fast Hugging Face tokenizer.

    Raises:
        ValueError: when there is no fast tokenizer, it has no padding token, or it knows tokens
            that the model beside it does not.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"No tokenizer can be read from {folder}: {error}") from error
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise ValueError(
            f"The tokenizer in {folder} is unfit: a fast one (tokenizer.json) with a padding token "
            "is needed."
        )
    # Sentence encoders ship 'pad everything to 128', which would also reach the exported model.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    if Path(folder, "config.json").is_file():
        fit_tokenizer(tokenizer, folder)
    return tokenizer


def encode_pairs(
    premises: Sequence[str], hypotheses: Sequence[str], tokenizer: Any, *, max_length: int
) -> EncodedPairs:
    """Tokenise pairs, cutting the end of a premise that is too long.

    Args:
        premises: first texts.
        hypotheses: second texts, as many.
        tokenizer: from ``load_tokenizer``.
        max_length: most tokens per pair, special tokens included. A hypothesis is cut only
            where it alone leaves no room for a premise.

    Returns:
        The token ids, in the order of the pairs.
    """
    backend: Tokenizer = tokenizer.backend_tokenizer
    ids: list[NDArray[np.int32]] = []
    types: list[NDArray[np.int8]] = []
    for first in range(0, len(premises), TOKENISER_ROWS):
        rows = slice(first, first + TOKENISER_ROWS)
        pairs = list(zip(premises[rows], hypotheses[rows], strict=True))
        for pair, encoding in zip(pairs, backend.encode_batch(pairs), strict=True):
            if len(encoding) > max_length:
                encoding = _cut(pair, backend, max_length)
            ids.append(np.asarray(encoding.ids, dtype=np.int32))
            types.append(np.asarray(encoding.type_ids, dtype=np.int8))
    wants_types = "token_type_ids" in tokenizer.model_input_names
    starts = np.zeros(len(ids) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in ids], out=starts[1:])
    return EncodedPairs(
        input_ids=np.concatenate([*ids, np.zeros(0, np.int32)]),
        type_ids=np.concatenate([*types, np.zeros(0, np.int8)]) if wants_types else None,
        starts=starts,
    )


def _cut(pair: tuple[str, str], tokenizer: Tokenizer, max_length: int) -> Encoding:
    """Fit a pair into the window: cut the premise, the hypothesis only if it must be."""
    premise = tokenizer.encode(pair[0], add_special_tokens=False)
    hypothesis = tokenizer.encode(pair[1], add_special_tokens=False)
    room = max_length - tokenizer.num_special_tokens_to_add(is_pair=True)
    keep = min(1, len(premise))  # one token of the premise stays: never a bare hypothesis
    hypothesis.truncate(min(len(hypothesis), room - keep))
    premise.truncate(min(len(premise), room - len(hypothesis)))
    return tokenizer.post_process(premise, hypothesis)


def label_positions(
    labels: pd.Series[str], role: str, *, required: Collection[str] = ()
) -> NDArray[np.int64]:
    """Turn label names into positions in ``LABELS``, refusing what cannot be learned from.

    Args:
        labels: label names.
        role: what the pairs are for, named in errors.
        required: labels that must occur.

    Returns:
        One position per label name.

    Raises:
        ValueError: when there are no rows, a name is unknown, or a required label is absent.
    """
    present = labels.unique().tolist()
    unknown = [label for label in present if label not in LABELS]
    if unknown:
        raise ValueError(f"The {role} pairs have unknown labels {unknown}; known: {list(LABELS)}.")
    absent = [label for label in required if label not in present]
    if absent or not present:
        raise ValueError(
            f"The {role} pairs ({len(labels)} rows) hold no {' and no '.join(absent) or 'rows'}. "
            "Check the source, its label map, and what the data report says was quarantined."
        )
    return labels.map(LABELS.index).to_numpy(dtype=np.int64)
