"""A row is scored as it is, or stays behind with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.scoring.rows import judge

LONGEST = 20


@pytest.mark.parametrize(
    ("premise", "hypothesis", "reason", "detail"),
    [
        (None, "h", "empty_text", "no premise"),
        ("p", "", "empty_text", "no hypothesis"),
        ("p", " \t\u00a0\u2028", "empty_text", "no hypothesis"),
        ("p", float("nan"), "empty_text", "no hypothesis"),
        (5, "h", "wrong_type", "premise is of type int"),
        ("p", ["h"], "wrong_type", "hypothesis is of type list"),
        ("p", True, "wrong_type", "hypothesis is of type bool"),
        ("\ud800", "h", "invalid_unicode", "premise = '\\ud800'"),
        ("p", b"caf\xe9", "undecodable_bytes", "hypothesis: byte 4 is not utf-8"),
        ("p", b"\xed\xa0\x80", "undecodable_bytes", "hypothesis: byte 1 is not utf-8"),
        ("p" * 21, "h", "too_long", "21 characters, limit 20"),
        ("p", ("h" * 21).encode(), "too_long", "21 characters, limit 20"),
    ],
)
def test_a_row_that_cannot_be_scored(
    premise: object, hypothesis: object, reason: str, detail: str
) -> None:
    row = judge("f:1", "a", premise, hypothesis, LONGEST)
    assert (row.place, row.pair_id, row.reason) == ("f:1", "a", reason)
    assert detail in row.detail
    assert (row.premise, row.hypothesis) == ("", "")


@pytest.mark.parametrize(
    ("given_id", "pair_id"),
    [
        (None, "f:1"),
        ("", "f:1"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (b"\xc3\xa9", "é"),
        ("x", "x"),
    ],
)
def test_ids_are_texts_and_their_place_where_there_is_none(given_id: object, pair_id: str) -> None:
    row = judge("f:1", given_id, "p", "h", LONGEST)
    assert (row.pair_id, row.reason) == (pair_id, "")


def test_an_id_that_is_none_costs_its_row() -> None:
    assert judge("f:1", ["a"], "p", "h", LONGEST).reason == "wrong_type"
    row = judge("f:1", "\udfff", "p", "h", LONGEST)
    assert (row.pair_id, row.reason) == ("f:1", "invalid_unicode")


@pytest.mark.parametrize("text", ["\x00", "\u202e", "e\u0301", "\U0001f469\u200d\U0001f52c", "nan"])
def test_unusual_texts_are_texts(text: str) -> None:
    row = judge("f:1", text, text, text.encode(), LONGEST)
    assert (row.pair_id, row.premise, row.hypothesis, row.reason) == (text, text, text, "")


_ANYTHING = st.none() | st.text() | st.binary() | st.integers() | st.floats() | st.lists(st.text())


@given(_ANYTHING, _ANYTHING | st.text(alphabet="\ud800\udc00a"), _ANYTHING)
def test_whatever_comes_is_scored_or_has_a_reason(
    pair_id: object, premise: object, hypothesis: object
) -> None:
    row = judge("f:1", pair_id, premise, hypothesis, LONGEST)
    "".join(row).encode()  # all of it can be stored
    usable = 0 < len(row.premise) <= LONGEST and 0 < len(row.hypothesis) <= LONGEST
    assert usable == (row.reason == "")
