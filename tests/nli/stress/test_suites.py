"""Stress suites: right labels, the same every time, and never an error for want of pairs."""

from __future__ import annotations

from random import Random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.stress.edits import EDITS
from nli_lifecycle.nli.stress.scoring import STRESS_COLUMNS, right
from nli_lifecycle.nli.stress.suites import build_stress_pairs
from nli_lifecycle.nli.stress.traps import NUMBERS, TRAPS, draw_traps

PAIRS = pd.DataFrame(
    {
        "pair_id": [f"p{row}" for row in range(300)],
        "premise": [f"A person walks along street number {row // 2}." for row in range(300)],
        "hypothesis": [f"Somebody walks past house {row}." for row in range(300)],
        "label": [LABELS[row % 3] for row in range(300)],
    }
)


@pytest.mark.parametrize("rows", [PAIRS.iloc[:0], PAIRS.iloc[:1], PAIRS.head(3)])
def test_few_pairs_make_small_suites_and_no_error(rows):
    built = build_stress_pairs(rows, 30, seed=1)
    assert set(built.loc[built["kind"] == "grammar", "suite"]) == set(TRAPS)
    edited = built[built["kind"] == "edited"].groupby("suite").size()
    assert (edited <= len(rows)).all()


def test_no_rows_no_suites():
    built = build_stress_pairs(PAIRS, 0, seed=1)
    assert built.empty and list(built.columns) == STRESS_COLUMNS


def test_suites_are_deterministic_unique_and_balanced():
    built = build_stress_pairs(PAIRS, 60, seed=1)
    pd.testing.assert_frame_equal(built, build_stress_pairs(PAIRS, 60, seed=1))
    assert not build_stress_pairs(PAIRS, 60, seed=2).equals(built)
    assert built["pair_id"].is_unique
    assert built.groupby("suite").size().between(57, 60).all()
    grammar = built[built["kind"] == "grammar"]
    assert not grammar.duplicated(["premise", "hypothesis"]).any()
    counts = built[built["kind"] != "invariant"].groupby(["suite", "label"]).size().unstack()
    for suite, row in counts.iterrows():
        assert row.dropna().nunique() == 1, suite


def test_edits_keep_the_label_and_name_their_origin():
    built = build_stress_pairs(PAIRS, 60, seed=1)
    labels = dict(zip(PAIRS["pair_id"], PAIRS["label"]))
    edited = built[built["kind"] == "edited"]
    assert (edited["label"] == edited["origin"].map(labels)).all()
    identity = built[built["suite"] == "identity"]
    assert (identity["premise"] == identity["hypothesis"]).all()
    assert set(identity["label"]) == {"entailment"} and identity["premise"].is_unique
    symmetry = built[built["suite"] == "symmetry"]
    assert set(symmetry["label"]) == {"contradiction"}
    assert set(symmetry["premise"]) <= set(PAIRS["hypothesis"])


texts = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize("name", list(EDITS))
@given(premise=texts, hypothesis=texts, seed=st.integers(0, 5))
def test_any_text_is_edited_or_left_out(name, premise, hypothesis, seed):
    edited = EDITS[name]((premise, hypothesis), Random(seed))
    assert edited is None or (edited != (premise, hypothesis) and len(edited) == 2)
    assert edited == EDITS[name]((premise, hypothesis), Random(seed))


@given(seed=st.integers(0, 50))
def test_a_typo_swaps_two_letters_of_one_word_and_spares_negation(seed):
    texts = "Nobody without umbrellas", "Seven hundred umbrellas"
    edited = EDITS["typos"](texts, Random(seed))
    assert edited is not None
    changed = [(a, b) for a, b in zip(texts, edited) if a != b]
    ((before, after),) = changed
    assert sorted(before) == sorted(after) and "umbrellas" not in after
    assert before.split()[:-1] == after.split()[:-1]


def test_numerals_follow_their_numbers():
    value = {word: number for number, word in enumerate(NUMBERS, start=2)}
    value |= {str(number): number for number in range(2, 13)}

    def bound(text: str) -> tuple[str, int]:
        words = text.split()
        return words[-4], value[words[-3]]  # "At least five doctors laughed."

    for premise, hypothesis, label in draw_traps("numerals", 90, seed=3):
        (kind, first), (_, second) = bound(premise), bound(hypothesis)
        if kind == "Exactly":
            assert first != second and label == "contradiction"
        else:
            assert label == ("entailment" if first >= second else "neutral"), (premise, hypothesis)


def test_swapped_words_are_the_same_words():
    for premise, hypothesis, label in draw_traps("word swap", 60, seed=3):
        words = [sorted(text.lower().strip(".").split()) for text in (premise, hypothesis)]
        assert (words[0] == words[1]) == (label == "not_entailment")


@pytest.mark.parametrize("name", ["subsequence", "constituent"])
def test_the_trap_holds_every_word_of_the_hypothesis(name):
    for premise, hypothesis, _ in draw_traps(name, 60, seed=3):
        assert set(hypothesis.lower().strip(".").split()) <= set(
            premise.lower().replace(",", "").strip(".").split()
        )


def test_two_way_labels_take_neutral_and_contradiction_for_right():
    labels = ["not_entailment"] * 3 + ["entailment", "neutral"]
    given_ = ["neutral", "contradiction", "entailment", "entailment", "contradiction"]
    assert right(labels, given_).tolist() == [True, True, False, True, False]
