"""Repeated pairs are kept once, contradictory ones not at all, and nothing is lost."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.duplicates import remove_duplicates
from nli_lifecycle.nli.data.landing import LANDED_COLUMNS
from nli_lifecycle.nli.data.pairs import fingerprint, premise_fingerprint
from nli_lifecycle.nli.data.quarantine import QUARANTINE_COLUMNS


def _landed(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of (hypothesis, label, split)."""
    return pd.DataFrame(
        [
            ("i", "p", text, label, "", "csv", fingerprint("p", text), premise_fingerprint("p"))
            + (split, f"x:{number}")
            for number, (text, label, split) in enumerate(rows)
        ],
        columns=LANDED_COLUMNS,
    )


def test_contradictory_pairs_are_all_set_aside() -> None:
    distinct, aside = remove_duplicates(
        _landed(("a", "neutral", ""), ("b", "neutral", ""), ("a", "entailment", ""))
    )
    assert distinct["hypothesis"].tolist() == ["b"]
    assert aside["place"].tolist() == ["x:0", "x:2"]
    assert set(aside["reason"]) == {"contradictory_duplicate"}
    assert set(aside["detail"]) == {"labels of this pair: neutral, entailment"}
    assert aside["excerpt"].tolist() == ["p | a", "p | a"]


def test_exact_duplicates_are_kept_once() -> None:
    distinct, aside = remove_duplicates(
        _landed(("a", "neutral", ""), ("b", "neutral", ""), ("a", "neutral", ""))
    )
    assert distinct["place"].tolist() == ["x:0", "x:1"]
    assert aside.to_dict("records") == [
        {
            "place": "x:2",
            "reason": "duplicate",
            "detail": "same pair and label as x:0",
            "excerpt": "p | a",
        }
    ]


def test_an_official_test_set_is_left_whole() -> None:
    distinct, aside = remove_duplicates(
        _landed(("a", "neutral", "train"), ("a", "neutral", "test"), ("a", "neutral", "validation"))
    )
    assert distinct["split"].tolist() == ["test"]
    assert aside["place"].tolist() == ["x:0", "x:2"]
    assert set(aside["detail"]) == {"same pair and label as x:1"}


def test_without_duplicates_nothing_changes() -> None:
    landed = _landed(("a", "neutral", ""), ("b", "neutral", ""))
    distinct, aside = remove_duplicates(landed)
    pd.testing.assert_frame_equal(distinct, landed)
    assert list(aside.columns) == QUARANTINE_COLUMNS
    assert aside.empty


_ROW = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(["neutral", "entailment"]),
    st.sampled_from(["train", "validation", "test", ""]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_ROW, min_size=1, max_size=12))
def test_distinct_and_set_aside_are_everything(rows: list[tuple[str, str, str]]) -> None:
    distinct, aside = remove_duplicates(_landed(*rows))
    assert sorted([*distinct["place"], *aside["place"]]) == sorted(
        f"x:{number}" for number in range(len(rows))
    )
    assert distinct["hypothesis"].is_unique
    labels = {text: {row[1] for row in rows if row[0] == text} for text, _, _ in rows}
    assert set(distinct["hypothesis"]) == {text for text, seen in labels.items() if len(seen) == 1}
