"""Evaluation rows that were seen in training are counted, nearly equal ones for themselves."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.nli.data.overlap import find_overlap, fold, hash_rows, seen_exactly

COLUMNS = ["premise", "hypothesis"]
TRAIN = pd.DataFrame(
    [("A dog runs.", "An animal moves."), ("Ça va bien.", "All is well.")], columns=COLUMNS
)


def test_exact_near_and_premise_only_are_told_apart():
    rows = pd.DataFrame(
        [
            ("A dog runs.", "An animal moves."),  # exact
            (" A  dog runs. ", "An animal moves."),  # exact: whitespace is not text
            ("a dog runs", "The animal moves!"),  # near: case, punctuation, articles
            ("Ca va bien", "all is well"),  # near: accents
            ("A dog runs.", "Nothing moves."),  # premise only
            ("An animal moves.", "A dog runs."),  # swapped: another pair
            ("A cat sleeps.", "An animal rests."),
        ],
        columns=COLUMNS,
    )
    found = find_overlap(hash_rows(TRAIN), rows)
    assert (found.training_rows, found.exact, found.near, found.premises) == (2, 2, 2, 3)
    flags = seen_exactly(hash_rows(TRAIN), rows)
    assert flags.tolist() == [True, True, False, False, False, False, False]


def test_a_word_more_is_no_near_duplicate():
    rows = pd.DataFrame([("A dog runs.", "No animal moves.")], columns=COLUMNS)
    found = find_overlap(hash_rows(TRAIN), rows)
    assert (found.exact, found.near, found.premises) == (0, 0, 1)


def test_nothing_seen_and_nothing_to_see():
    assert find_overlap(hash_rows(TRAIN.iloc[:0]), TRAIN).exact == 0
    assert find_overlap(hash_rows(TRAIN), TRAIN.iloc[:0]).exact == 0


@pytest.mark.parametrize(
    "text, folded",
    [
        ("The DOG, runs!", "dog runs"),
        ("naïve café", "naive cafe"),
        ("Theatre", "theatre"),
        ("A", ""),
        ("snake_case", "snake case"),
    ],
)
def test_folding(text, folded):
    assert fold(text) == folded


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=10))
def test_every_row_overlaps_with_itself(pairs):
    rows = pd.DataFrame(pairs, columns=COLUMNS)
    found = find_overlap(hash_rows(rows), rows)
    assert (found.exact, found.near, found.premises) == (len(rows), 0, len(rows))
