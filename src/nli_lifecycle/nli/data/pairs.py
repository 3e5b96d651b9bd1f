"""What a pair is: its columns, its normal form, its identity and the split it falls into."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from nli_lifecycle.parameters import SplitShares

#: Columns every frame of pairs starts with, in this order.
PAIR_COLUMNS: list[str] = ["pair_id", "premise", "hypothesis", "label", "genre", "source"]

#: Columns that identify a pair and its premise by their text.
FINGERPRINT_COLUMNS: list[str] = ["fingerprint", "premise_fingerprint"]

SPLITS: tuple[str, ...] = ("train", "validation", "test")


class DataError(ValueError):
    """Raw data that cannot be used: the message says what is wrong, where, and what to do."""


def normalise(text: str) -> str:
    """Bring a text to the one form in which it is stored, compared and given to a model.

    Args:
        text: any text.

    Returns:
        The text in Unicode NFC, each run of whitespace as one space, none at either end.
        Nothing else changes: letter case, punctuation and spelling are the annotator's.
    """
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    return " ".join(composed.split())


def fingerprint(premise: str, hypothesis: str) -> str:
    """Identify a pair by its text, whatever its label, source or row number.

    Args:
        premise: the premise, normalised or not.
        hypothesis: the hypothesis, normalised or not.

    Returns:
        32 hexadecimal digits.
    """
    return fingerprint_normalised(normalise(premise), normalise(hypothesis))


def fingerprint_normalised(premise: str, hypothesis: str) -> str:
    """``fingerprint`` of texts that ``normalise`` gave."""
    # A normalised text holds no line break, so one between the two texts cannot be forged.
    return _digest(f"{premise}\n{hypothesis}")


def premise_fingerprint(premise: str) -> str:
    """Identify a premise by its text.

    Args:
        premise: the premise, normalised or not.

    Returns:
        32 hexadecimal digits.
    """
    return premise_fingerprint_normalised(normalise(premise))


def premise_fingerprint_normalised(premise: str) -> str:
    """``premise_fingerprint`` of a text that ``normalise`` gave."""
    return _digest(premise)


def premise_nodes(premise_fps: Iterable[str]) -> npt.NDArray[np.int64]:
    """Number premises by the first 60 bits of their fingerprints, shape (n,).

    Two premises of a million share a number once in two million such data sets; they would then
    be in one split, which does no harm.
    """
    return np.fromiter((int(key[:15] or "0", 16) for key in premise_fps), dtype=np.int64)


def assign_splits(nodes: npt.NDArray[np.int64], shares: SplitShares) -> npt.NDArray[np.object_]:
    """Choose premises' splits: a pure function of each one's text.

    Args:
        nodes: what ``premise_nodes`` returned, shape (n,).
        shares: the shares of premises that each split gets.

    Returns:
        ``train``, ``validation`` or ``test`` for each, shape (n,); never one whose share is 0.
    """
    given = [split for split in SPLITS if getattr(shares, split) > 0]
    edges = np.cumsum([getattr(shares, split) for split in given])[:-1]
    positions = (nodes >> 8) / 2**52  # 52 bits: exact in a float, and below 1
    return np.array(given, dtype=object)[np.searchsorted(edges, positions, side="right")]


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8"), digest_size=16).hexdigest()
