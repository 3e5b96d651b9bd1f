"""Pairs, answers and words for the tests of what people review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

import numpy as np
import pandas as pd

from nli_lifecycle.nli.data.pairs import fingerprint
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.predictions import PROBABILITY_COLUMNS
from nli_lifecycle.review.records import Asked, Word

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)


def pairs_of(rows: int) -> pd.DataFrame:
    labels = [LABELS[row % 3] for row in range(rows)]
    return pd.DataFrame(
        {
            "pair_id": [f"p{row}" for row in range(rows)],
            "premise": [f"Dog {row} runs." for row in range(rows)],
            "hypothesis": [f"{label} number {row}" for row, label in enumerate(labels)],
            "label": labels,
            "genre": ["", "news"] * (rows // 2) + [""] * (rows % 2),
        }
    )


def answers(pairs: pd.DataFrame, wrong: Sequence[bool], seed: int = 0) -> pd.DataFrame:
    """Predictions that are wrong where the flags say so, with confidences of chance."""
    right = pairs["label"].map(LABELS.index).to_numpy()
    predicted = (right + np.asarray(wrong, dtype=int)) % 3
    confidence = np.random.default_rng(seed).uniform(0.4, 0.99, len(pairs))
    probabilities = np.repeat(((1 - confidence) / 2)[:, None], 3, axis=1)
    probabilities[np.arange(len(pairs)), predicted] = confidence
    frame = pairs[["pair_id", "label"]].copy()
    frame["predicted"] = [LABELS[index] for index in predicted]
    frame[PROBABILITY_COLUMNS] = probabilities
    return frame


def asked(
    number: int,
    reason: str = "random",
    candidate: str = "b" * 64,
    champion: str | None = "a" * 64,
    **changes: str,
) -> Asked:
    """The pair of that number in ``pairs_of``."""
    pair = pairs_of(number + 1).iloc[number].to_dict() | changes
    name = fingerprint(pair["premise"], pair["hypothesis"])
    return Asked(review_id=name, reason=reason, candidate=candidate, champion=champion, **pair)


def word(review_id: str, reviewer: str, label: str, file: str = "f", note: str = "") -> Word:
    return Word(
        review_id=review_id,
        reviewer=reviewer,
        label=label,
        note=note,
        file=file,
        place="sheet.csv:2",
        time=NOW,
    )
