"""Many words, one label: majorities, disputes, changes of mind, and what training may have."""

from __future__ import annotations

import pandas as pd
import pytest
from asked_pairs import asked, word
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.progress import describe
from nli_lifecycle.review.records import draw
from nli_lifecycle.review.settling import SOURCE_COLUMNS, Settled, settle, training_pairs


def said(*labels: str) -> list:
    return [word("x", f"person {number}", label) for number, label in enumerate(labels)]


@pytest.mark.parametrize(
    "labels, reviewers, label, disputed",
    [
        (["neutral"], 1, "neutral", False),
        (["neutral"], 2, None, False),
        (["neutral", "neutral"], 2, "neutral", False),
        (["neutral", "entailment"], 1, None, True),
        (["neutral", "entailment"], 2, None, True),
        (["neutral", "entailment"], 3, None, False),
        (["neutral", "entailment", "neutral"], 2, "neutral", False),
        (["neutral", "entailment", "contradiction"], 1, None, True),
        (["neutral", "neutral", "entailment", "contradiction"], 1, None, True),
    ],
)
def test_more_than_half_of_enough_people_settle_a_label(labels, reviewers, label, disputed) -> None:
    found = settle(said(*labels), reviewers)
    assert found.labels.get("x") == label
    assert ("x" in found.disputed) is disputed


def test_a_person_counts_once_and_by_the_last_word() -> None:
    words = [word("x", "ann", "neutral"), word("x", "ann", "entailment")]
    assert settle(words, 1).labels == {"x": "entailment"}
    assert settle(words, 2) == Settled({}, {})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(LABELS)), max_size=20))
def test_a_pair_is_never_both_settled_and_disputed(words) -> None:
    found = settle([word("x", who, label) for who, label in words], 1)
    assert not found.labels.keys() & found.disputed.keys()
    assert bool(words) == bool(found.labels or found.disputed)


QUEUE = [asked(0, "disagreement"), asked(1), asked(2, "worst_slice"), asked(3, "feedback")]
NEUTRAL = Settled({one.review_id: "neutral" for one in QUEUE}, {})


def texts(frame: pd.DataFrame) -> set[str]:
    return set(frame["premise"])


def test_training_gets_the_reviewed_label_and_no_pair_that_is_to_judge() -> None:
    last = draw(QUEUE[1].review_id)
    late = {one.premise for one in QUEUE if draw(one.review_id) > last and one.reason != "feedback"}
    found = training_pairs(QUEUE, NEUTRAL, ReviewParameters())
    assert list(found.columns) == SOURCE_COLUMNS and set(found["label"]) == {"neutral"}
    assert texts(found) == late | {"Dog 3 runs."} and "Dog 1 runs." not in texts(found)
    everything = training_pairs(QUEUE, NEUTRAL, ReviewParameters(train_on="all"))
    assert texts(everything) == {one.premise for one in QUEUE}


def test_a_pair_without_a_settled_label_is_not_trained_on() -> None:
    assert training_pairs(QUEUE, Settled({}, {}), ReviewParameters(train_on="all")).empty


def test_a_pair_asked_twice_is_one_pair() -> None:
    again = [*QUEUE, asked(0, "low_confidence", candidate="c" * 64)]
    parameters = ReviewParameters(train_on="all")
    assert len(training_pairs(again, NEUTRAL, parameters)) == 4
    progress = describe(again, Settled({QUEUE[0].review_id: "neutral"}, {}))
    assert (progress.pairs, progress.reviewed, progress.open) == (4, 1, 3)
    assert progress.reasons["disagreement"].reviewed == 1
    assert "low_confidence" not in progress.reasons
