"""Counts add up to the pairs, however these are divided."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.tally import MOST_WORDS, add_counts, count_pairs, tally
from nli_lifecycle.nli.labels import LABELS


def _pairs(rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "premise": [" ".join(["w"] * (n % 4 + 1)) for n in range(rows)],
            "hypothesis": ["two words"] * rows,
            "label": [LABELS[n % 3] for n in range(rows)],
            "genre": [f"g{n % 3}" if n % 2 else "" for n in range(rows)],
            "source": ["csv" if n % 5 else "feedback" for n in range(rows)],
            "split": ["train" if n % 10 else "test" for n in range(rows)],
        }
    )


def test_counts() -> None:
    counted = tally(add_counts(count_pairs(_pairs(60))))
    assert {split: sum(by.values()) for split, by in counted.labels.items()} == {
        "train": 54,
        "test": 6,
    }
    assert counted.premise_words == {1: 15, 2: 15, 3: 15, 4: 15}
    assert counted.hypothesis_words == {2: 60}
    assert counted.sources == {"csv": 48, "feedback": 12}
    assert sum(counted.genres["(none)"].values()) == 30
    assert list(counted.genres)[0] == "(none)"


def test_the_longest_texts_are_counted_together() -> None:
    pairs = _pairs(2).assign(premise=["w " * (MOST_WORDS + 50) + "w", "w"])
    assert tally(count_pairs(pairs)).premise_words == {1: 1, MOST_WORDS: 1}


def test_rare_genres_are_counted_together() -> None:
    genres = tally(
        count_pairs(_pairs(360).assign(genre=[f"g{n % 120}" for n in range(360)]))
    ).genres
    assert len(genres) == 101
    assert sum(genres["(other)"].values()) == 60


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 50), st.integers(1, 12))
def test_any_division_gives_the_same_tally(rows: int, size: int) -> None:
    pairs = _pairs(rows)
    parts = [count_pairs(pairs[at : at + size]) for at in range(0, rows, size)]
    assert tally(add_counts(pd.concat(parts))) == tally(add_counts(count_pairs(pairs)))
