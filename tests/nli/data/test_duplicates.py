"""Repeated pairs are kept once, contradictory ones not at all, and nothing is lost."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.duplicates import resolve_duplicates
from nli_lifecycle.nli.data.schemas import KEYS

Row = tuple[str, str, str]


def _keys(*rows: Row, known: dict[str, str] | None = None) -> pd.DataFrame:
    """Rows of (text, label, split), and the splits that an earlier run gave to texts."""
    keys = [
        (number, 1, text, label, split, f"x:{number}", "csv")
        for number, (text, label, split) in enumerate(rows)
    ]
    keys += [(-1, 1, text, "", split, "", "") for text, split in (known or {}).items()]
    return pd.DataFrame(keys, columns=KEYS.names)


def _verdicts(*rows: Row, known: dict[str, str] | None = None) -> list[str]:
    verdicts = resolve_duplicates(_keys(*rows, known=known)).sort_values("position")
    assert verdicts["position"].tolist() == list(range(len(rows)))
    return list(verdicts["verdict"])


def test_contradictory_pairs_are_all_set_aside() -> None:
    rows = [("a", "neutral", ""), ("b", "neutral", ""), ("a", "entailment", "")]
    assert _verdicts(*rows) == ["contradictory_duplicate", "", "contradictory_duplicate"]
    details = resolve_duplicates(_keys(*rows)).sort_values("position")["verdict_detail"]
    assert details.tolist() == ["labels of this pair: neutral, entailment", "", details[0]]


def test_exact_duplicates_are_kept_once() -> None:
    rows = [("a", "neutral", ""), ("b", "neutral", ""), ("a", "neutral", "")]
    assert _verdicts(*rows) == ["", "", "duplicate"]
    assert resolve_duplicates(_keys(*rows))["verdict_detail"][2] == "same pair and label as x:0"


def test_an_official_test_set_is_left_whole() -> None:
    rows = [("a", "neutral", "train"), ("a", "neutral", "test"), ("a", "neutral", "validation")]
    assert _verdicts(*rows) == ["duplicate", "", "duplicate"]
    details = resolve_duplicates(_keys(*rows))["verdict_detail"]
    assert set(details) == {"", "same pair and label as x:1"}


def test_a_pair_stays_in_the_split_that_it_is_in_whoever_repeats_it_later() -> None:
    rows = [("a", "neutral", "train"), ("a", "neutral", "test")]
    assert _verdicts(*rows, known={"a": "train"}) == ["", "duplicate"]
    verdicts = resolve_duplicates(_keys(*rows, known={"a": "train", "z": "test"}))
    assert verdicts["known"].tolist() == ["train", "train"]


_ROW = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(["neutral", "entailment"]),
    st.sampled_from(["train", "validation", "test"]),
)


@settings(deadline=None, max_examples=80)
@given(st.lists(_ROW, min_size=1, max_size=12), st.randoms())
def test_one_row_of_each_undisputed_pair_stays_in_any_order(rows: list[Row], random) -> None:
    verdicts = _verdicts(*rows)
    kept = [row[0] for row, verdict in zip(rows, verdicts) if not verdict]
    labels = {text: {row[1] for row in rows if row[0] == text} for text, _, _ in rows}
    assert sorted(kept) == sorted(text for text, seen in labels.items() if len(seen) == 1)
    shuffled = _keys(*rows).sample(frac=1, random_state=random.randrange(1000))
    again = resolve_duplicates(shuffled).sort_values("position")
    assert again["verdict"].tolist() == verdicts


@settings(deadline=None, max_examples=80)
@given(st.lists(_ROW, min_size=1, max_size=12))
def test_a_second_run_decides_as_the_first(rows: list[Row]) -> None:
    verdicts = _verdicts(*rows)
    known = {row[0]: row[2] for row, verdict in zip(rows, verdicts) if not verdict}
    assert _verdicts(*rows, known=known) == verdicts
