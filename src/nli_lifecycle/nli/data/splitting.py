"""Train, validation and test: the source's own splits, or a stable hash of the premise."""

from __future__ import annotations

from hashlib import sha256

import pandas as pd

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.pairs import (
    FINGERPRINT_COLUMNS,
    PAIR_COLUMNS,
    SPLITS,
    DataError,
    assign_split,
)
from nli_lifecycle.parameters import SplitShares

#: Columns of a split's frame.
SPLIT_COLUMNS: list[str] = [*PAIR_COLUMNS, *FINGERPRINT_COLUMNS]


def split_pairs(distinct: pd.DataFrame, shares: SplitShares) -> dict[str, pd.DataFrame]:
    """Divide pairs into train, validation and test.

    Official splits are used when every row has one and both train and test are there; a missing
    validation split is then taken out of train. Otherwise a hash of the premise decides for all
    rows, and no premise is in two splits.

    Args:
        distinct: landed pairs without duplicates.
        shares: shares of premises where no official split decides.

    Returns:
        Split → its pairs in their given order, without ``split`` and ``place``; maybe no rows.

    Raises:
        DataError: when a split that should have rows has none, or train lacks a label.
    """
    split = distinct["split"]
    if has_official_splits(distinct):
        if not split.eq("validation").any():
            split = split.mask(split.eq("train"), _hashed(distinct, _within_train(shares)))
        expected = {"train", "test"}
    else:
        split = _hashed(distinct, shares)
        expected = {name for name in SPLITS if getattr(shares, name) > 0}
    pairs = distinct.drop(columns=["split", "place"])
    frames = {name: pairs.loc[split.eq(name)].reset_index(drop=True) for name in SPLITS}
    _refuse_gaps(frames, expected)
    return frames


def has_official_splits(distinct: pd.DataFrame) -> bool:
    """Say whether the source's own splits decide.

    Args:
        distinct: landed pairs.

    Returns:
        True when every row has a split, and both train and test are there.
    """
    return set(distinct["split"]) - {"validation"} == {"train", "test"}


def shared_premises(frames: dict[str, pd.DataFrame]) -> int:
    """Count premises that are in more than one split, as official splits may have them.

    Args:
        frames: split → its pairs.

    Returns:
        Number of such premises.
    """
    premises = [frame["premise_fingerprint"].drop_duplicates() for frame in frames.values()]
    everywhere = pd.concat(premises)
    return int(everywhere[everywhere.duplicated()].nunique())


def data_version(frames: dict[str, pd.DataFrame]) -> str:
    """Identify a data set by its content: texts, labels and splits, whatever the rows' order.

    Args:
        frames: split → its pairs.

    Returns:
        64 hexadecimal digits (sha256).
    """
    lines = sorted(
        f"{key} {label} {name}\n"
        for name, frame in frames.items()
        for key, label in zip(frame["fingerprint"], frame["label"])
    )
    return sha256("".join(lines).encode()).hexdigest()


def _hashed(pairs: pd.DataFrame, shares: SplitShares) -> pd.Series[str]:
    premises = pairs["premise_fingerprint"]
    splits = {key: assign_split(key, shares) for key in premises.unique()}
    return premises.map(splits)


def _within_train(shares: SplitShares) -> SplitShares:
    """Rescale train and validation to share the official training set between them."""
    both = shares.train + shares.validation
    part = shares.validation / both if both else 0.0
    return SplitShares(train=1 - part, validation=part, test=0.0)


def _refuse_gaps(frames: dict[str, pd.DataFrame], expected: set[str]) -> None:
    empty = [name for name in SPLITS if name in expected and frames[name].empty]
    rows = sum(map(len, frames.values()))
    if empty:
        raise DataError(
            f"The {' and '.join(empty)} split got no row of the {rows:,} usable ones. "
            "Give more pairs, or other shares in data.splits."
        )
    absent = [label for label in LABELS if not frames["train"]["label"].eq(label).any()]
    if absent and not frames["train"].empty:
        counts = frames["train"]["label"].value_counts().to_dict()
        raise DataError(
            f"No training pair is labelled {' or '.join(absent)}; there are {counts}. A model "
            "of three labels cannot be trained on this. Add such pairs, or check "
            "data.options.labels."
        )
