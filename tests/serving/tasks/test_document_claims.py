"""Claims: windows of sentences, and the verdict over them."""

from __future__ import annotations

import numpy as np
import pytest

from nli_lifecycle.nli.inference import pool
from nli_lifecycle.serving.tasks.claims import check, windows
from nli_lifecycle.serving.tasks.sentences import split_sentences

BESIDE_THE_POINT = [0.02, 0.96, 0.02]


def test_windows_are_all_stretches() -> None:
    """So that sentences that need each other are read together somewhere."""
    sentences = split_sentences("A a. B b. C c.")
    assert [len(window) for window in windows(sentences, 1)] == [1, 1, 1]
    assert [(w[0].start, w[-1].end) for w in windows(sentences, 2)] == [(0, 9), (5, 14)]
    assert windows(sentences, 9) == [sentences]


def test_one_sentence_decides_among_many_beside_the_point() -> None:
    """And it is the evidence."""
    for row, label in ([0.9, 0.08, 0.02], "entailment"), ([0.03, 0.07, 0.9], "contradiction"):
        checked = check(np.array([BESIDE_THE_POINT] * 20 + [row] + [BESIDE_THE_POINT] * 9))
        assert (checked.label, checked.window) == (label, 20)


def test_no_evidence_is_neutral_and_points_nowhere() -> None:
    """No sentence says that a document says nothing."""
    checked = check(np.array([BESIDE_THE_POINT] * 50))
    assert (checked.label, checked.window) == ("neutral", None)
    assert checked.probabilities == pytest.approx(BESIDE_THE_POINT)


def test_one_window_is_left_as_it_was_answered() -> None:
    """Nothing is pooled."""
    row = [0.3, 0.2, 0.5]
    checked = check(np.array([row]))
    assert checked.probabilities == pytest.approx(row)
    assert (checked.label, checked.window) == ("contradiction", 0)


def test_the_verdict_is_what_the_classifier_pools_for_long_premises() -> None:
    """One rule for windows, of tokens or of sentences."""
    logits = np.random.default_rng(3).normal(size=(6, 3)) * 3
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    pooled = np.exp(pool(logits, np.array([0]))[0])
    assert check(probabilities).probabilities == pytest.approx(pooled / pooled.sum())


def test_certainty_is_no_division_by_zero() -> None:
    """Probabilities may be rounded to nought."""
    checked = check(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    assert checked.label == "entailment" and checked.window == 0
    assert np.isfinite(checked.probabilities).all()
