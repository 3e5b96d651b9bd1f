"""From texts and label names to numbers, once for the whole training."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from nli_lifecycle.nli.inference import Window, fit
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.families import fit_tokenizer

#: Rows handed to the tokenizer at once: bounds memory, and keeps its threads busy.
TOKENISER_ROWS = 1_000


@dataclass(frozen=True)
class EncodedPairs:
    """Token ids of all windows, end to end: window w is ``[starts[w]:starts[w + 1]]``.

    A pair has one window, or several where its premise is read in parts: pair i has those from
    ``firsts[i]`` to before ``firsts[i + 1]``.
    """

    input_ids: NDArray[np.int32]  # (tokens,)
    type_ids: NDArray[np.int8] | None  # (tokens,) 0 premise, 1 hypothesis; None: not wanted
    starts: NDArray[np.int64]  # (windows + 1,)
    firsts: NDArray[np.int64] | None = None  # (pairs + 1,); None: one window a pair

    @property
    def window_lengths(self) -> NDArray[np.int64]:
        """Tokens per window, special tokens included."""
        return np.diff(self.starts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per pair: of all its windows together."""
        return np.diff(self.starts if self.firsts is None else self.starts[self.firsts])

    def windows(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
        """Number the windows of some pairs, in order, and count them per pair."""
        if self.firsts is None:
            return rows, [1] * len(rows)
        bounds = list(zip(self.firsts[rows].tolist(), self.firsts[rows + 1].tolist(), strict=True))
        numbers = np.concatenate([np.arange(first, stop) for first, stop in bounds])
        return numbers, [stop - first for first, stop in bounds]


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
    premises: Sequence[str],
    hypotheses: Sequence[str],
    tokenizer: Any,
    *,
    max_length: int,
    overlap: int | None = None,
) -> EncodedPairs:
    """Tokenise pairs and fit them into windows, by the very function that serving does it with.

    Args:
        premises: first texts.
        hypotheses: second texts, as many.
        tokenizer: from ``load_tokenizer``.
        max_length: most tokens of a window, special tokens included.
        overlap: tokens of a long premise that neighbouring windows share; None: its end is cut.

    Returns:
        The token ids, in the order of the pairs.
    """
    backend: Tokenizer = tokenizer.backend_tokenizer
    windows: list[Window] = []
    counts: list[int] = []
    for first in range(0, len(premises), TOKENISER_ROWS):
        rows = slice(first, first + TOKENISER_ROWS)
        pairs = list(zip(premises[rows], hypotheses[rows], strict=True))
        for encoding in backend.encode_batch(pairs):
            own = fit(encoding, max_length, overlap)
            windows += own
            counts.append(len(own))
    ids, types = np.concatenate([np.zeros((2, 0), np.int32), *windows], axis=1)
    wants_types = "token_type_ids" in tokenizer.model_input_names
    several = len(windows) > len(counts)
    return EncodedPairs(
        input_ids=ids,
        type_ids=types.astype(np.int8) if wants_types else None,
        starts=_ends([window.shape[1] for window in windows]),
        firsts=_ends(counts) if several else None,
    )


def _ends(sizes: list[int]) -> NDArray[np.int64]:
    """Where each of several pieces ends, laid end to end; 0 before the first."""
    return np.cumsum([0, *sizes], dtype=np.int64)


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
