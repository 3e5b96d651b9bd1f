"""Estimates from confidence: against simulation, as often right as they say, refused when bad."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_columns import simulated, summary_of, taken
from sklearn.metrics import f1_score

from nli_lifecycle.monitoring.calibration import (
    CalibrationSums,
    CalibrationTest,
    calibration_test,
)
from nli_lifecycle.monitoring.estimate import (
    EstimateSettings,
    estimate,
    expected_accuracy,
    expected_macro_f1,
    mean_confidence,
)
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.calibration import calibrate
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.nli.metrics.measures import f1_scores
from nli_lifecycle.nli.metrics.proportions import wilson

SETTINGS = EstimateSettings()
REFERENCE = Reference(Interval(0.86, 0.84, 0.88), Interval(0.85, 0.83, 0.87))


def arrays(columns):
    """Label indices and probabilities of a batch."""
    predicted = np.array([LABELS.index(label) for label in columns["label"]])
    return predicted, np.column_stack([columns[f"p_{label}"] for label in LABELS])


def calibration_of(columns, truth) -> CalibrationTest:
    return calibration_test(CalibrationSums.of(truth, *arrays(columns)))


@pytest.mark.parametrize("pairs", [0, 1, 99])
def test_too_few_pairs_are_insufficient(pairs):
    columns, _ = simulated(99)
    for found in estimate(summary_of(taken(columns, range(pairs))), REFERENCE, None, SETTINGS):
        assert (found.state, found.value, found.low, found.p_value) == (
            "insufficient",
            None,
            None,
            None,
        )
        assert found.why.startswith(f"{pairs} pairs, at least 100 are asked for")
    assert found.reference == 0.85


def test_damaged_rows_are_named_where_they_make_it_insufficient():
    columns, _ = simulated(120)
    columns["p_neutral"][:50] = [float("nan")] * 50
    found, _ = estimate(summary_of(columns), REFERENCE, None, SETTINGS)
    assert found.state == "insufficient" and "70 pairs and 50 damaged rows" in found.why


def test_bad_calibration_refuses_the_estimate():
    columns, truth = simulated(1_000, signal=1.2, believed=2.5)
    test = calibration_of(columns, truth)
    assert test.z > 5 and test.ece > 0.1
    for found in estimate(summary_of(columns), REFERENCE, test, SETTINGS):
        assert (found.state, found.value) == ("refused", None)
        assert "1000 labelled pairs" in found.why and "calibrate anew, or retrain" in found.why


def test_calibration_that_is_off_by_little_is_let_pass():
    columns, truth = simulated(200_000, believed=2.05)
    test = calibration_of(columns, truth)
    assert test.p_value < 1e-4 and not test.bad(SETTINGS.level, SETTINGS.tolerance)


def test_what_confidence_was_off_by_at_evaluation_is_taken_off():
    before, truth = simulated(20_000, seed=1, believed=2.2)
    now, _ = simulated(500, seed=2, believed=2.2)
    right = int((arrays(before)[0] == truth).sum())
    known = summary_of(before)
    reference = Reference(wilson(right, 20_000, 0.95), summary=known, same_pairs=True)
    off = expected_accuracy(known).value - right / 20_000
    assert 0.01 < off < 0.04
    found, _ = estimate(summary_of(now), reference, None, SETTINGS)
    promised = expected_accuracy(summary_of(now))
    assert found.value == pytest.approx(promised.value - off)
    assert (found.reference, found.reference_low) == (right / 20_000, None)  # its error is in ours
    assert found.low is not None and found.high is not None
    wider = (found.high - found.low) / (2 * 1.96 * promised.error)
    assert wider == pytest.approx(np.sqrt(1 + 500 / 20_000), rel=0.01)
    others, _ = estimate(
        summary_of(now), replace(reference, same_pairs=False), None, SETTINGS
    )  # of other pairs, the difference says nothing of confidence
    assert others.value == pytest.approx(promised.value)
    assert others.reference_low == pytest.approx(reference.accuracy.lower)


@pytest.mark.parametrize(
    ("believed", "beyond_chance", "state"), [(2.57, 0.025, "measured"), (2.9, 0.04, "refused")]
)
def test_real_models_are_let_pass_and_drops_of_five_points_are_not(believed, beyond_chance, state):
    columns, truth = simulated(5_000, believed=believed)  # measured: docs/monitoring_statistics.md
    test = calibration_of(columns, truth)
    assert test.ece - test.chance == pytest.approx(beyond_chance, abs=0.004)
    found, _ = estimate(summary_of(columns), REFERENCE, test, SETTINGS)
    assert found.state == state


def test_too_few_labels_do_not_refuse_and_are_mentioned():
    columns, truth = simulated(150, signal=1.2, believed=2.5)
    found, _ = estimate(summary_of(columns), REFERENCE, calibration_of(columns, truth), SETTINGS)
    assert found.state == "measured" and "150 labelled pairs" in found.why


def test_without_labels_nothing_is_known_of_calibration():
    test = calibration_test(
        CalibrationSums.of(np.empty(0, int), np.empty(0, int), np.empty((0, 3)))
    )
    assert (test.pairs, test.p_value, test.bad(0.01, 0.0)) == (0, 1.0, False)


def test_one_class_only_has_an_estimate():
    columns, _ = simulated(500)
    columns["label"] = ["neutral"] * 500
    found = expected_macro_f1(summary_of(columns))
    assert 0 < found.value < 0.34 and 0 < found.error < 0.05
    assert expected_macro_f1(Summary.empty()).value == 0
    assert expected_accuracy(Summary.empty()).value == 0


def test_certainty_has_no_error():
    columns, _ = simulated(3)
    certain = {**columns, "label": list(LABELS)}
    certain |= {f"p_{label}": np.eye(3)[code].tolist() for code, label in enumerate(LABELS)}
    for figure in (expected_accuracy, expected_macro_f1):
        assert (figure(summary_of(certain)).value, figure(summary_of(certain)).error) == (1, 0)


def test_accuracy_is_mean_confidence_with_the_poisson_binomial_variance():
    columns, _ = simulated(400)
    predicted, p = arrays(columns)
    confidence = p[np.arange(400), predicted]
    found = expected_accuracy(summary_of(columns))
    assert found.value == pytest.approx(confidence.mean(), abs=1e-8)
    variance = (confidence * (1 - confidence)).sum()
    assert found.error == pytest.approx(np.sqrt(variance) / 400, abs=1e-8)
    spread = mean_confidence(summary_of(columns))
    assert spread.error == pytest.approx(confidence.std(ddof=1) / 20, rel=1e-5)


def test_macro_f1_and_its_error_are_those_of_drawn_labels():
    columns, _ = simulated(500, seed=3, signal=1.2)
    predicted, p = arrays(columns)
    generator = np.random.default_rng(0)
    uniform = generator.random((4_000, 500, 1))
    truth = (uniform > p.cumsum(axis=1)[None, :, :2]).sum(axis=2)
    cells = (truth * 3 + predicted) + 9 * np.arange(4_000)[:, None]
    counts = np.bincount(cells.ravel(), minlength=36_000).reshape(-1, 3, 3)
    drawn = f1_scores(counts).mean(axis=1)
    assert drawn[0] == pytest.approx(f1_score(truth[0], predicted, average="macro"))
    found = expected_macro_f1(summary_of(columns))
    assert found.value == pytest.approx(drawn.mean(), abs=0.002)
    assert found.error == pytest.approx(drawn.std(), rel=0.06)


def test_intervals_hold_the_labels_figure_as_often_as_they_say():
    held = np.zeros((400, 2))
    for seed in range(400):
        columns, truth = simulated(300, seed)
        predicted, _ = arrays(columns)
        counts = np.bincount(truth * 3 + predicted, minlength=9).reshape(1, 3, 3)
        figures = (truth == predicted).mean(), f1_scores(counts)[0].mean()
        found = estimate(summary_of(columns), REFERENCE, None, SETTINGS)
        held[seed] = [f.low <= figure <= f.high for f, figure in zip(found, figures)]
    assert held.mean(axis=0) == pytest.approx([0.95, 0.95], abs=0.03)


def test_calibrated_models_are_accused_as_often_as_the_level_says():
    p_values = [calibration_of(*simulated(400, seed)).p_value for seed in range(600)]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.045, abs=0.025)


def test_the_chance_error_is_what_calibrated_models_show():
    tests = [calibration_of(*simulated(400, seed)) for seed in range(200)]
    assert np.mean([t.ece for t in tests]) == pytest.approx(tests[0].chance, rel=0.1)


def test_spiegelhalters_statistic_is_his_for_two_labels():
    """With p(neutral) = 0 the formula is Σ (y − p)(1 − 2p) / √(Σ (1 − 2p)² p (1 − p))."""
    generator = np.random.default_rng(5)
    p = generator.beta(2, 1, size=300)
    y = generator.random(300) < p
    expected = ((y - p) * (1 - 2 * p)).sum() / np.sqrt(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    both = np.column_stack([p, np.zeros(300), 1 - p])
    truth = np.where(y, 0, 2)
    found = calibration_test(CalibrationSums.of(truth, both.argmax(axis=1), both))
    assert found.z == pytest.approx(expected, abs=1e-6)


def test_the_error_is_near_that_of_the_evaluation():
    columns, truth = simulated(5_000, signal=1.5, believed=2.2)
    predicted, p = arrays(columns)
    adaptive = calibrate(predicted == truth, p[np.arange(5_000), predicted]).ece
    assert calibration_of(columns, truth).ece == pytest.approx(adaptive, abs=0.01)


def test_sums_of_calibration_add_up():
    columns, truth = simulated(500)
    whole = CalibrationSums.of(truth, *arrays(columns))
    first, second = (
        CalibrationSums.of(truth[part], *(a[part] for a in arrays(columns)))
        for part in (slice(0, 123), slice(123, 500))
    )
    assert calibration_test(first + second) == calibration_test(whole)
