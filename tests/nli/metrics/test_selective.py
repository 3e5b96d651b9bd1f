"""Accuracy of the surest answers."""

import numpy as np
import pytest

from nli_lifecycle.nli.metrics.selective import selective_accuracy


def test_answers_without_confidence_are_refused():
    with pytest.raises(ValueError, match="Row 0 has confidence nan"):
        selective_accuracy(np.array([True]), np.array([np.nan]))
    with pytest.raises(ValueError, match="0 answers"):
        selective_accuracy(np.array([], dtype=bool), np.array([]))


def test_the_surest_answers_count_first():
    right = np.array([False, True, True, True, False])
    confidence = np.array([0.4, 0.9, 0.8, 0.7, 0.5])
    found = selective_accuracy(right, confidence)
    accuracies = {round(point.coverage, 2): point.accuracy for point in found.points}
    assert accuracies[0.2] == accuracies[0.6] == 1
    assert accuracies[0.8] == pytest.approx(3 / 4) and accuracies[1.0] == pytest.approx(3 / 5)
    assert found.aurc == pytest.approx((0 + 0 + 0 + 1 / 4 + 2 / 5) / 5)
    assert len(found.points) == 20 and found.points[-1].confidence == 0.4


def test_ties_count_with_their_mean_whatever_their_order():
    right = np.array([True, False, True, False])
    found = selective_accuracy(right, np.full(4, 0.7))
    assert all(point.accuracy == pytest.approx(0.5) for point in found.points)
    assert selective_accuracy(right[::-1], np.full(4, 0.7)) == found


def test_one_row():
    assert selective_accuracy(np.array([True]), np.array([0.5])).aurc == 0
