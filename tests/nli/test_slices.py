"""Slices: each row in every slice that fits it, and the user's own or a clear error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nli_lifecycle.nli.slices import SliceError, find_slices

PAIRS = pd.DataFrame(
    [
        ("A dog runs.", "A dog runs.", "entailment", "animals/park"),
        ("A dog runs.", "The cat isn't here.", "neutral", "animals"),
        ("Nobody saw 3 cats.", "Nobody saw three cats at all today.", "entailment", None),
        (" ".join(["word"] * 40), "Someone sleeps.", "contradiction", "park"),
    ],
    columns=["premise", "hypothesis", "label", "genre"],
).assign(pair_id=list("abcd"), region=["north", "south", None, "north"])


def rows_of(kind: str, name: str, **options) -> list[bool]:
    (found,) = (
        part for part in find_slices(PAIRS, **options) if (part.kind, part.name) == (kind, name)
    )
    return found.rows.tolist()


def long_premise(pairs: pd.DataFrame) -> pd.Series:
    return pairs["premise"].str.len() > 50


def initial(pairs: pd.DataFrame) -> list[str]:
    return pairs["premise"].str[0].tolist()


def too_short(pairs: pd.DataFrame) -> list[bool]:
    return [True]


def numbers(pairs: pd.DataFrame) -> list[int]:
    return [1, 2, 3, 4]


def broken(pairs: pd.DataFrame) -> None:
    raise KeyError("no such thing")


@pytest.mark.parametrize(
    "options, why",
    [
        ({"columns": ["regoin"]}, "no column 'regoin' .* Did you mean 'region'"),
        ({"functions": ["test_slices:nothing"]}, "'test_slices:nothing' cannot be imported"),
        ({"functions": ["nowhere_at_all:f"]}, "cannot be imported .*package.module:function"),
        ({"functions": ["test_slices"]}, "cannot be imported"),
        ({"functions": ["test_slices:too_short"]}, "one value per row, 4 of them"),
        ({"functions": ["test_slices:numbers"]}, "flags or names, not int64"),
        ({"functions": ["test_slices:broken"]}, "failed: KeyError"),
    ],
)
def test_a_slice_that_cannot_be_made_is_named(options, why):
    with pytest.raises(SliceError, match=why):
        find_slices(PAIRS, **options)


def test_a_column_of_identifiers_is_no_slicing():
    many = pd.concat([PAIRS] * 20, ignore_index=True)
    with pytest.raises(SliceError, match="'serial' would be 80, more than 50"):
        find_slices(many.assign(serial=range(80)), columns=["serial"])


def test_every_part_of_a_genre_is_a_slice():
    assert rows_of("genre", "animals") == [True, True, False, False]
    assert rows_of("genre", "park") == [True, False, False, True]


def test_labels_lengths_negation_numerals_and_overlap():
    assert rows_of("label", "entailment") == [True, False, True, False]
    assert rows_of("premise length", "over 32 words") == [False, False, False, True]
    assert rows_of("hypothesis length", "6–10 words") == [False, False, True, False]
    assert rows_of("negation", "in the hypothesis") == [False, True, False, False]
    assert rows_of("negation", "in both") == [False, False, True, False]
    assert rows_of("numerals", "in both") == [False, False, True, False]
    assert rows_of("overlap", "every word") == [True, False, False, False]
    assert rows_of("overlap", "under a half") == [False, True, True, True]


def test_own_columns_and_functions():
    assert rows_of("region", "north", columns=["region"]) == [True, False, False, True]
    asked = {"functions": ["test_slices:long_premise", "test_slices:initial"]}
    assert rows_of("long premise", "yes", **asked) == [False, False, False, True]
    assert rows_of("initial", "A", **asked) == [True, True, False, False]


def test_exclusive_kinds_part_the_rows():
    for kind in ("label", "premise length", "hypothesis length", "negation", "numerals", "overlap"):
        parts = [part.rows for part in find_slices(PAIRS) if part.kind == kind]
        assert np.array_equal(np.sum(parts, axis=0), np.ones(4)), kind
        assert all(part.any() for part in parts)
