"""The pairs worth reading come first, and no kind of disagreement hides another."""

from __future__ import annotations

import pandas as pd
import pytest

from nli_lifecycle.nli.disagreements import COLUMNS, most_instructive
from nli_lifecycle.nli.predictions import PredictionError

LABELS = ["entailment"] * 6
PAIRS = pd.DataFrame(
    {
        "pair_id": list("abcdef"),
        "premise": "p",
        "hypothesis": "h",
        "label": LABELS,
        "genre": ["g", None, "g", "g", "g", "g"],
    }
)


def answers(predicted: list[str], confidence: list[float]) -> pd.DataFrame:
    rows = []
    for name, sure in zip(predicted, confidence):
        rest = (1 - sure) / 2
        rows.append([name, *(sure if name == label else rest for label in ORDER)])
    frame = pd.DataFrame(rows, columns=["predicted", *(f"p_{label}" for label in ORDER)])
    return frame.assign(pair_id=list("abcdef"), label=LABELS)


ORDER = ["entailment", "neutral", "contradiction"]
E, N, C = ORDER
CHAMPION = answers([E, E, N, E, C, E], [0.9, 0.8, 0.9, 0.5, 0.9, 0.9])
CANDIDATE = answers([N, C, E, N, N, E], [0.9, 0.9, 0.9, 0.5, 0.9, 0.9])


def test_predictions_of_other_pairs_are_refused():
    with pytest.raises(PredictionError, match="predictions of the champion belong to other pairs"):
        most_instructive(PAIRS, CANDIDATE, CHAMPION.iloc[::-1])


def test_disagreements_come_surest_first_and_in_turns():
    found = most_instructive(PAIRS, CANDIDATE, CHAMPION)
    # broken: a (.81), b (.72), d (.25); repaired: c; neither: e; f: both agree.
    assert found["pair_id"].tolist() == ["a", "c", "e", "b", "d"]
    assert found["right"].tolist() == ["champion", "candidate", "neither", "champion", "champion"]
    assert list(found.columns) == COLUMNS
    assert found.loc[3, "genre"] == ""


def test_no_more_than_asked():
    assert most_instructive(PAIRS, CANDIDATE, CHAMPION, 2)["pair_id"].tolist() == ["a", "c"]
    assert most_instructive(PAIRS, CANDIDATE, CHAMPION, 0).empty


def test_models_that_agree_leave_nothing_to_read():
    assert most_instructive(PAIRS, CANDIDATE, CANDIDATE).empty


def test_without_a_champion_the_surest_errors_are_chosen():
    found = most_instructive(PAIRS, CANDIDATE, None, 3)
    assert found["pair_id"].tolist() == ["a", "b", "e"]
    assert found["champion"].isna().all() and set(found["right"]) == {"neither"}
