"""Confidence against accuracy, and the temperature that brings them together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_answers import answers
from scipy.optimize import minimize
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from nli_lifecycle.nli.metrics.calibration import TEMPERATURES, calibrate, fit_temperature


@pytest.mark.parametrize(
    "right, confidence, why",
    [
        ([], [], "0 answers with 0 confidences"),
        ([True], [0.5, 0.6], "1 answers with 2 confidences"),
        ([True, False], [0.5, np.nan], "Row 1 has confidence nan"),
    ],
)
def test_answers_without_confidence_are_refused(right, confidence, why):
    with pytest.raises(ValueError, match=why):
        calibrate(np.array(right, dtype=bool), np.array(confidence, dtype=float))


def test_bins_equal_scikit_learns_quantile_bins():
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.4, 1, 3_000)
    right = generator.random(3_000) < confidence**2
    found = calibrate(right, confidence)
    accuracy, mean = calibration_curve(right, confidence, n_bins=15, strategy="quantile")
    assert [part.accuracy for part in found.bins] == pytest.approx(accuracy, abs=0.005)
    assert [part.confidence for part in found.bins] == pytest.approx(mean, abs=0.002)
    weights = [part.rows / 3_000 for part in found.bins]
    gaps = [abs(part.accuracy - part.confidence) for part in found.bins]
    assert found.ece == pytest.approx(np.dot(weights, gaps))
    assert sum(part.rows for part in found.bins) == 3_000


def test_equal_confidences_are_one_bin_whatever_their_order():
    right = np.array([True] * 50 + [False] * 50)
    found = calibrate(right, np.full(100, 0.8))
    assert [(part.rows, part.accuracy) for part in found.bins] == [(100, 0.5)]
    assert found.ece == pytest.approx(0.3)
    assert calibrate(right[::-1], np.full(100, 0.8)) == found


def test_one_row_is_one_bin():
    assert calibrate(np.array([True]), np.array([0.6])).ece == pytest.approx(0.4)


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    powered = probabilities ** (1 / temperature)
    return powered / powered.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature):
    generator = np.random.default_rng(1)
    honest = generator.dirichlet([1, 1, 1], size=20_000)
    truth = np.array([generator.choice(3, p=row) for row in honest])
    assert fit_temperature(truth, tempered(honest, 1 / temperature)) == pytest.approx(
        temperature, rel=0.05
    )


def test_the_fit_equals_a_general_optimisers():
    truth, _, probabilities = answers(800, 2)
    found = fit_temperature(truth, probabilities)
    best = minimize(
        lambda t: log_loss(truth, tempered(probabilities, t[0])), [1.0], method="Nelder-Mead"
    )
    assert found == pytest.approx(best.x[0], rel=1e-3)


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 60), st.integers(0, 1_000))
def test_it_never_makes_log_loss_worse_nor_changes_a_label(rows, seed):
    truth, predicted, probabilities = answers(rows, seed, right=0.5)
    temperature = fit_temperature(truth, probabilities)
    assert TEMPERATURES[0] <= temperature <= TEMPERATURES[1]
    after = tempered(probabilities, temperature)
    assert (after.argmax(axis=1) == predicted).all()
    rows_ = np.arange(rows)
    assert -np.log(after[rows_, truth]).mean() <= -np.log(probabilities[rows_, truth]).mean() + 1e-9


def test_nothing_wrong_or_nothing_at_all_leaves_it_alone():
    truth = np.array([0, 1, 2])
    assert fit_temperature(truth, np.eye(3) * 0.9 + 0.1 / 3) == 1
    assert fit_temperature(truth[:0], np.zeros((0, 3))) == 1


def test_damaged_probabilities_are_refused():
    with pytest.raises(ValueError, match="all to be numbers"):
        fit_temperature(np.array([0]), np.array([[np.nan, 0.5, 0.5]]))
