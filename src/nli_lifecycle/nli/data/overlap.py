"""Which evaluation rows a model has seen in training: exactly, nearly, or by their premise."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from nli_lifecycle.nli.data.pairs import normalise

Hashes = npt.NDArray[np.uint64]

#: Columns of hashed rows. 64 bits: among a million rows, one false match in 20 million lookups.
EXACT, NEAR, PREMISE = range(3)

_NO_WORD = re.compile(r"[\W_]+")
_ARTICLES = frozenset({"a", "an", "the"})


@dataclass(frozen=True)
class Overlap:
    """Evaluation rows that the model's training and validation rows contain.

    Attributes:
        training_rows: rows the model was trained or validated on.
        exact: evaluation rows whose pair is among them.
        near: further rows whose pair is, but for case, punctuation, accents and articles.
        premises: evaluation rows whose premise is among theirs, whatever the hypothesis.
    """

    training_rows: int
    exact: int
    near: int
    premises: int


def hash_rows(pairs: pd.DataFrame) -> Hashes:
    """Hash pairs so that they can be recognised, and not be read.

    Args:
        pairs: with ``premise`` and ``hypothesis``.

    Returns:
        Shape (n, 3), in the rows' order: the pair, the pair folded, the premise.
    """
    texts = {*pairs["premise"], *pairs["hypothesis"]}
    folded = {text: fold(text) for text in texts}
    hashed = np.empty((len(pairs), 3), dtype=np.uint64)
    for row, (premise, hypothesis) in enumerate(zip(pairs["premise"], pairs["hypothesis"])):
        first, second = normalise(premise), normalise(hypothesis)
        hashed[row, EXACT] = _hash(f"{first}\n{second}")
        hashed[row, NEAR] = _hash(f"{folded[premise]}\n{folded[hypothesis]}")
        hashed[row, PREMISE] = _hash(first)
    return hashed


def fold(text: str) -> str:
    """Take from a text what rarely matters: case, accents, punctuation and articles."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = _NO_WORD.sub(" ", plain).split()
    return " ".join(word for word in words if word not in _ARTICLES)


def find_overlap(training: Hashes, pairs: pd.DataFrame) -> Overlap:
    """Count the evaluation rows that a model was trained or validated on.

    Args:
        training: what ``hash_rows`` gave for its rows, in any order.
        pairs: the evaluation rows.
    """
    hashed = hash_rows(pairs)
    exact = _among(hashed[:, EXACT], training[:, EXACT])
    near = _among(hashed[:, NEAR], training[:, NEAR])
    return Overlap(
        training_rows=len(training),
        exact=int(exact.sum()),
        near=int((near & ~exact).sum()),
        premises=int(_among(hashed[:, PREMISE], training[:, PREMISE]).sum()),
    )


def seen_exactly(training: Hashes, pairs: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Flag the evaluation rows whose very pair is among the training rows, shape (n,)."""
    return _among(hash_rows(pairs)[:, EXACT], training[:, EXACT])


def _among(found: Hashes, known: Hashes) -> npt.NDArray[np.bool_]:
    return np.isin(found, np.unique(known))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")
