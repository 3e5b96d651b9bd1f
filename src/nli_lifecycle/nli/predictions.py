"""What a model said about labelled pairs, and whether that can be taken for predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from nli_lifecycle.nli.labels import LABELS

#: Probability columns, in ``LABELS`` order, of every frame and file with predictions.
PROBABILITY_COLUMNS = [f"p_{label}" for label in LABELS]
#: Columns of saved predictions: the pair, its true label, and the model's answer.
PREDICTION_COLUMNS = ["pair_id", "label", "predicted", *PROBABILITY_COLUMNS]

#: How far a row of probabilities may be from summing to 1 (float32 arithmetic).
SUM_TOLERANCE = 1e-3


class PredictionError(ValueError):
    """Something that is no prediction for the pairs it claims to be about."""


def label_indices(
    labels: Sequence[str], pair_ids: Sequence[str], column: str
) -> npt.NDArray[np.int64]:
    """Turn label names into indices of ``LABELS``.

    Args:
        labels: one label name per row.
        pair_ids: the rows' identifiers, for the error.
        column: what the names are ('label', 'predicted'), for the error.

    Returns:
        Integer array of shape (n,).

    Raises:
        PredictionError: a name that is no label; the first row's ``pair_id`` is named.
    """
    index = {label: position for position, label in enumerate(LABELS)}
    for label, pair_id in zip(labels, pair_ids):
        if label not in index:
            raise PredictionError(
                f"Pair {pair_id}: {column} {label!r} is none of {', '.join(LABELS)}. "
                "Predict these pairs again."
            )
    return np.fromiter((index[label] for label in labels), dtype=np.int64, count=len(labels))


def check_probabilities(probabilities: npt.NDArray[np.float64], pair_ids: Sequence[str]) -> None:
    """Refuse probabilities that are not: wrong shape, NaN, infinite, negative, not summing to 1.

    Args:
        probabilities: shape (n, 3), columns in ``LABELS`` order.
        pair_ids: the n rows' identifiers, for the error.

    Raises:
        PredictionError: what is wrong, with the ``pair_id`` of the first such row.
    """
    rows, width = len(pair_ids), len(LABELS)
    if probabilities.shape != (rows, width):
        short = len(probabilities) < rows
        where = f"; the first pair without is {pair_ids[len(probabilities)]}" if short else ""
        raise PredictionError(
            f"Expected probabilities of shape ({rows}, {width}), got {probabilities.shape}{where}. "
            "Predict these pairs again."
        )
    finite = np.isfinite(probabilities).all(axis=1)
    sums = np.where(finite, probabilities.sum(axis=1), 1.0)
    for wrong, why in (
        (~finite, "NaN or infinite"),
        (finite & (probabilities < 0).any(axis=1), "negative"),
        (np.abs(sums - 1) > SUM_TOLERANCE, "not summing to 1"),
    ):
        if wrong.any():
            first = int(np.argmax(wrong))
            raise PredictionError(
                f"Pair {pair_ids[first]}: probabilities {probabilities[first].tolist()} are {why} "
                f"({int(wrong.sum())} such rows). The model or its predictions are damaged."
            )


def probabilities_of(predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Take the checked probabilities, shape (n, 3), columns in ``LABELS`` order.

    Raises:
        PredictionError: as ``check_probabilities``.
    """
    probabilities = predictions[PROBABILITY_COLUMNS].to_numpy(dtype=np.float64)
    check_probabilities(probabilities, predictions["pair_id"].tolist())
    return probabilities


def check_same_pairs(predictions: pd.DataFrame, pairs: pd.DataFrame, model: str) -> None:
    """Refuse predictions that are not about exactly these pairs, in this order.

    Raises:
        PredictionError: a pair id that occurs twice, or other pairs; names the model.
    """
    pair_ids = pairs["pair_id"].tolist()
    if len(set(pair_ids)) != len(pair_ids):
        twice = pairs["pair_id"][pairs["pair_id"].duplicated()].iloc[0]
        raise PredictionError(
            f"Pair id {twice} occurs twice among the evaluation pairs. Run data_engineering again."
        )
    if predictions["pair_id"].tolist() != pair_ids:
        raise PredictionError(
            f"The predictions of {model} belong to other pairs than the evaluation set's. Run "
            "`kedro run --pipelines evaluation,promotion`."
        )


def fingerprint_pairs(pairs: pd.DataFrame) -> str:
    """Identify labelled pairs by texts and labels, in whatever order and numbering: a sha256."""
    columns = zip(pairs["premise"], pairs["hypothesis"], pairs["label"])
    rows = sorted("\n".join(texts) for texts in columns)
    return hashlib.sha256("\n\n".join(rows).encode()).hexdigest()
