"""The queue that people get: no pair twice, shares kept, random pairs that no model chose."""

from __future__ import annotations

import numpy as np
import pytest
from asked_pairs import answers, pairs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nli_lifecycle.nli.predictions import PredictionError
from nli_lifecycle.review.drawing import QUEUE_COLUMNS, draw_queue
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.records import draw

PAIRS = pairs_of(300)
OURS = answers(PAIRS, [row % 4 == 0 for row in range(300)], seed=1)
THEIRS = answers(PAIRS, [row % 10 == 0 for row in range(300)], seed=2)
WORST = [np.arange(300) % 7 == 0, np.arange(300) >= 290]


def queue(rows: int = 100, pairs=PAIRS, ours=OURS, theirs=THEIRS, worst=WORST, **changes):
    parameters = ReviewParameters.model_validate({"rows": rows, **changes})
    return draw_queue(pairs, ours, theirs, worst, parameters)


def ids(found, reason: str) -> list[str]:
    chosen = found.loc[found["reason"].eq(reason), "review_id"]
    return sorted(chosen, key=draw)


def test_predictions_of_other_pairs_are_refused() -> None:
    with pytest.raises(PredictionError, match="the candidate belong to other pairs"):
        queue(ours=OURS.iloc[1:])
    with pytest.raises(PredictionError, match="the champion belong to other pairs"):
        queue(theirs=THEIRS.iloc[::-1])


def test_shares_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ValidationError, match="must be 1, not 1.5"):
        ReviewParameters.model_validate({"shares": {"random": 0.9}})


@given(st.integers(1, 500), st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_quotas_sum_to_the_rows_and_are_within_one_of_their_shares(rows, weights) -> None:
    if not sum(weights):
        return
    names = ("random", "disagreement", "low_confidence", "worst_slice")
    shares = {name: weight / sum(weights) for name, weight in zip(names, weights)}
    quotas = ReviewParameters.model_validate({"rows": rows, "shares": shares}).quotas()
    assert sum(quotas.values()) == rows
    assert all(abs(quotas[name] - rows * shares[name]) < 1 for name in names)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.integers(0, 5), st.booleans(), st.booleans())
def test_every_pair_once_and_as_many_as_there_are(rows, seed, champion, slices) -> None:
    found = queue(rows, theirs=THEIRS if champion else None, worst=WORST if slices else [])
    assert len(found) == min(rows, 300) and found["review_id"].is_unique
    assert list(found.columns) == QUEUE_COLUMNS and found["reason"].ne("").all()
    again = queue(rows, theirs=THEIRS if champion else None, worst=WORST if slices else [])
    assert found.equals(again)


def test_the_default_shares_are_kept_and_each_reason_is_true() -> None:
    found = queue(100)
    counts = found["reason"].value_counts().to_dict()
    assert counts == {"random": 40, "disagreement": 30, "low_confidence": 20, "worst_slice": 10}
    apart = found[found["reason"].eq("disagreement")]
    assert (apart["candidate"] != apart["champion"]).all()
    bad = set(PAIRS["pair_id"][WORST[0] | WORST[1]])
    assert set(found.loc[found["reason"].eq("worst_slice"), "pair_id"]) <= bad
    unsure = found.loc[found["reason"].eq("low_confidence"), "candidate_confidence"].max()
    others = found.loc[found["reason"].eq("worst_slice"), "candidate_confidence"].min()
    assert unsure < others


def test_random_pairs_are_the_same_whatever_the_models_say() -> None:
    other = answers(PAIRS, [row % 3 == 0 for row in range(300)], seed=9)
    first = sorted(queue(300)["review_id"], key=draw)[:40]
    assert ids(queue(), "random") == ids(queue(ours=other), "random") == first


def test_disagreements_are_the_first_of_all_disagreements_as_drawn() -> None:
    """Together with the random ones: so the sample of them is random as well."""
    differ = set(PAIRS["pair_id"][OURS["predicted"].ne(THEIRS["predicted"])])
    every = queue(300)
    in_order = sorted(every.loc[every["pair_id"].isin(differ), "review_id"], key=draw)
    found = queue(100)
    drawn = found[found["reason"].isin(["random", "disagreement"])]
    chosen = sorted(drawn.loc[drawn["pair_id"].isin(differ), "review_id"], key=draw)
    assert len(chosen) > 30 and chosen == in_order[: len(chosen)]


def test_without_a_champion_its_places_go_to_random_pairs() -> None:
    counts = queue(100, theirs=None)["reason"].value_counts().to_dict()
    assert counts == {"random": 70, "low_confidence": 20, "worst_slice": 10}


def test_random_places_left_over_do_not_swallow_the_targeted_pairs() -> None:
    """Though no confidence differs from another."""
    level = OURS.assign(p_entailment=0.4, p_neutral=0.3, p_contradiction=0.3)
    found = queue(60, ours=level, theirs=None)
    last = max(map(draw, ids(found, "random")))
    targeted = found.loc[found["reason"].ne("random"), "review_id"]
    assert len(targeted) == 18 and sum(draw(one) > last for one in targeted) > 9


def test_the_seed_shuffles_and_changes_nothing_else() -> None:
    found, other = queue(100), queue(100, seed=14)
    assert found["review_id"].tolist() != other["review_id"].tolist()
    by_id = [frame.set_index("review_id").sort_index() for frame in (found, other)]
    assert by_id[0].equals(by_id[1])
    reasons = found["reason"].tolist()
    assert reasons != sorted(reasons) and reasons != sorted(reasons, reverse=True)


def test_equal_texts_are_asked_about_once() -> None:
    twice = PAIRS.assign(premise="One dog.", hypothesis="It runs.")
    assert len(queue(100, pairs=twice)) == 1
