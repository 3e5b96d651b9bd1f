"""Counts that describe any number of pairs: what report, plots and contract are made of."""

from __future__ import annotations

from collections import Counter
from itertools import repeat

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

#: One count: what is counted, of which value, in which split, with which label.
COUNTS = pa.schema(
    [
        pa.field("what", pa.string()),
        pa.field("value", pa.string()),
        pa.field("split", pa.string()),
        pa.field("label", pa.string()),
        pa.field("rows", pa.int64()),
    ]
)

#: Texts longer than so many words are counted together.
MOST_WORDS = 2_000

#: Genres counted by name, in each batch and in all; the rest are counted together.
GENRES = 100

NO_GENRE = "(none)"
OTHER_GENRES = "(other)"


class Tally(BaseModel):
    """Counts of the pairs of a data set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: dict[str, dict[str, int]]  # split → label → pairs
    genres: dict[str, dict[str, int]]  # genre → label → pairs, the most frequent first
    premise_words: dict[int, int]  # words → pairs
    hypothesis_words: dict[int, int]
    sources: dict[str, int]  # source → pairs


def count_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count the pairs of a batch.

    Args:
        pairs: ``premise``, ``hypothesis``, ``label``, ``genre``, ``source`` and ``split``.

    Returns:
        Rows with ``COUNTS``.
    """
    genres = [genre or NO_GENRE for genre in pairs["genre"]]
    counted = {
        "label": Counter(zip(pairs["label"], pairs["split"], pairs["label"])),
        "genre": Counter(zip(genres, repeat(""), pairs["label"])),
        "source": Counter(zip(pairs["source"], repeat(""), repeat(""))),
        "premise": _by_length(pairs["premise"]),
        "hypothesis": _by_length(pairs["hypothesis"]),
    }
    rows = [
        (what, *key, count) for what, counts in counted.items() for key, count in counts.items()
    ]
    return pd.DataFrame(rows, columns=COUNTS.names)


def _by_length(texts: pd.Series[str]) -> Counter[tuple[str, str, str]]:
    """Normalised texts by their words, which single spaces divide."""
    spaces = Counter(text.count(" ") for text in texts)
    lengths: Counter[tuple[str, str, str]] = Counter()
    for number, count in spaces.items():
        lengths[str(min(number + 1, MOST_WORDS)), "", ""] += count
    return lengths


def add_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Add up counts of several batches."""
    keys = ["what", "value", "split", "label"]
    return counts.groupby(keys)["rows"].sum().reset_index()


def tally(counts: pd.DataFrame) -> Tally:
    """Arrange counts.

    Args:
        counts: rows with ``COUNTS``, added up.
    """
    parts = {str(what): part for what, part in counts.groupby("what")}
    empty = counts.iloc[:0]

    def by_value(what: str) -> dict[str, int]:
        sums = parts.get(what, empty).groupby("value")["rows"].sum()
        ordered = sums.sort_values(ascending=False, kind="stable")
        return {str(value): int(rows) for value, rows in ordered.items()}

    def by_label(part: pd.DataFrame) -> dict[str, int]:
        return {str(k): int(n) for k, n in part.groupby("label")["rows"].sum().items()}

    labels, genres = parts.get("label", empty), parts.get("genre", empty)
    named = list(by_value("genre"))[:GENRES]
    tallied = {name: by_label(genres[genres["value"].eq(name)]) for name in named}
    others = genres[~genres["value"].isin(named)]
    if len(others):
        tallied[OTHER_GENRES] = by_label(others)
    return Tally(
        labels={str(split): by_label(part) for split, part in labels.groupby("split")},
        genres=tallied,
        premise_words={int(k): n for k, n in sorted(by_value("premise").items(), key=_number)},
        hypothesis_words={
            int(k): n for k, n in sorted(by_value("hypothesis").items(), key=_number)
        },
        sources=by_value("source"),
    )


def _number(item: tuple[str, int]) -> int:
    return int(item[0])
