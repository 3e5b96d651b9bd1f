"""What a pair is: its columns, its normal form, its identity and the split it falls into."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b

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
    # A normalised text holds no line break, so one between the two texts cannot be forged.
    return _digest(f"{normalise(premise)}\n{normalise(hypothesis)}")


def premise_fingerprint(premise: str) -> str:
    """Identify a premise by its text.

    Args:
        premise: the premise, normalised or not.

    Returns:
        32 hexadecimal digits.
    """
    return _digest(normalise(premise))


def assign_split(premise_fp: str, shares: SplitShares) -> str:
    """Choose a premise's split: a pure function of its text, so no premise is in two splits.

    Args:
        premise_fp: what ``premise_fingerprint`` returned.
        shares: the shares of premises that each split gets.

    Returns:
        ``train``, ``validation`` or ``test``; never a split whose share is 0.
    """
    position = int(premise_fp[:13], 16) / 2**52  # 52 bits: exact in a float, and below 1
    edge = 0.0
    last = SPLITS[-1]
    for split in SPLITS:
        share: float = getattr(shares, split)
        edge += share
        if position < edge:
            return split
        last = split if share > 0 else last
    return last  # the shares' rounding error, less than 1e-9


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8"), digest_size=16).hexdigest()
