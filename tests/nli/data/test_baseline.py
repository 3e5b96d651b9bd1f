"""The hypothesis-only yardstick finds a give-away, and finds none where there is none."""

import random

import pandas as pd
import pytest

from nli_lifecycle.nli.data import baseline
from nli_lifecycle.nli.data.baseline import hypothesis_only, thin
from nli_lifecycle.nli.data.pairs import fingerprint
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.pairs import premise_fingerprint

GIVE_AWAY = {"entailment": "someone", "neutral": "maybe", "contradiction": "nobody"}


def _pairs(rows: int, give_away: bool, seed: int) -> pd.DataFrame:
    draw = random.Random(seed)
    labels = [draw.choice(LABELS) for _ in range(rows)]
    hints = [GIVE_AWAY[label] if give_away else "someone" for label in labels]
    verbs = draw.choices(["eats", "sleeps", "sings", "falls"], k=rows)
    return pd.DataFrame(
        {
            "hypothesis": [f"{hint} {verb}" for hint, verb in zip(hints, verbs)],
            "label": labels,
            "premise_fingerprint": [premise_fingerprint(f"{seed} {n}") for n in range(rows)],
        }
    )


def test_a_give_away_is_found() -> None:
    result = hypothesis_only(_pairs(600, True, 1), _pairs(300, True, 2))
    assert result is not None
    assert result.accuracy == 1.0
    assert result.majority < 0.45
    assert (result.rows_fitted, result.rows_judged) == (600, 300)


def test_chance_is_chance() -> None:
    result = hypothesis_only(_pairs(2_000, False, 1), _pairs(2_000, False, 2))
    assert result is not None
    assert result.accuracy == pytest.approx(1 / 3, abs=0.04)


def test_without_training_pairs_the_test_split_is_halved() -> None:
    pairs = _pairs(400, True, 1)
    result = hypothesis_only(pairs[:0], pairs)
    assert result is not None
    assert result.accuracy == 1.0
    assert result.rows_fitted + result.rows_judged == 400
    assert result.rows_fitted == pytest.approx(200, abs=40)


@pytest.mark.parametrize("train_rows, test_rows", [(0, 0), (0, 1), (50, 0)])
def test_too_little_to_say_anything(train_rows: int, test_rows: int) -> None:
    pairs = _pairs(50, True, 1)
    assert hypothesis_only(pairs[:train_rows], pairs[:test_rows]) is None


def test_hypotheses_without_a_word_say_nothing() -> None:
    pairs = _pairs(50, True, 1).assign(hypothesis="…")
    assert hypothesis_only(pairs, pairs) is None


def test_the_same_pairs_are_drawn_in_any_order_and_about_as_many_as_asked_for() -> None:
    keys = [fingerprint("p", str(n)) for n in range(3_000)]
    pairs = pd.DataFrame({"fingerprint": keys, "split": ["train", "test", "validation"] * 1_000})
    drawn = thin({"train": 0.2, "test": 1.0}, pairs)
    assert drawn["split"].eq("test").sum() == 1_000
    assert drawn["split"].eq("train").sum() == pytest.approx(200, abs=50)
    assert "validation" not in set(drawn["split"])
    shuffled = thin({"train": 0.2, "test": 1.0}, pairs.sample(frac=1, random_state=1))
    assert set(shuffled["fingerprint"]) == set(drawn["fingerprint"])


def test_of_a_large_training_set_some_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MOST_ROWS", 100)
    train = _pairs(3_000, True, 1)
    train["fingerprint"] = [fingerprint("p", str(n)) for n in range(3_000)]
    seen: list[int] = []
    features = baseline._features
    monkeypatch.setattr(
        baseline, "_features", lambda texts: (seen.append(len(texts)), features(texts))[1]
    )
    assert baseline.fit_hypothesis_only(train) is not None
    assert seen[0] == pytest.approx(100, abs=40)
