"""The domain classifier: blind where nothing changed, and seeing what single features hide."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from simulated_columns import simulated, taken

from nli_lifecycle.monitoring.text_drift import (
    TextDriftSettings,
    delong,
    text_drift,
    text_features,
)

SETTINGS = TextDriftSettings()


@pytest.mark.parametrize("rows, state", [(0, "missing"), (99, "insufficient")])
def test_too_few_rows_are_said(rows, state):
    features = text_features(simulated(200)[0])
    found = text_drift(features[:rows], features, SETTINGS)
    assert found.state == state and f"{rows} in the reference" in found.why
    assert text_drift(features, features[:0], SETTINGS).state == "insufficient"


def test_damaged_rows_shadows_and_unknown_figures():
    columns, _ = simulated(10)
    columns["p_neutral"][0] = float("nan")
    columns["role"][1] = "shadow"
    columns["unknown_share"][2] = None
    features = text_features(columns)
    assert features.shape == (8, 6)
    assert features[0].tolist()[3:] == [0.0, 0.0, 1.0]
    assert features[0, 0] == pytest.approx(np.log1p(columns["premise_words"][2]))


def test_nothing_varies():
    same = np.ones((200, 6))
    found = text_drift(same, same, SETTINGS)
    assert (found.value, found.p_value) == (0.5, 1.0)


def test_the_area_is_mann_whitneys_and_its_variance_the_bootstraps():
    generator = np.random.default_rng(0)
    before, now = generator.normal(size=400).round(1), generator.normal(0.5, 1, 150).round(1)
    area, variance = delong(before, now)
    assert area == pytest.approx(mannwhitneyu(now, before).statistic / (400 * 150))
    again = [
        delong(generator.choice(before, 400), generator.choice(now, 150))[0] for _ in range(900)
    ]
    assert np.sqrt(variance) == pytest.approx(np.std(again), rel=0.1)


def test_quiet_windows_are_accused_as_often_as_the_level_says():
    features = text_features(simulated(40_000, seed=1)[0])
    generator = np.random.default_rng(2)
    found = [
        text_drift(*np.split(features[generator.choice(40_000, 1_000)], [700]), SETTINGS)
        for _ in range(400)
    ]
    assert np.mean([f.value for f in found]) == pytest.approx(0.5, abs=0.006)
    assert np.mean([f.p_value < 0.05 for f in found]) == pytest.approx(0.05, abs=0.025)


def test_combinations_are_found_that_single_features_hide():
    columns, _ = simulated(2_500, seed=3)
    before = text_features(taken(columns, range(2_000)))
    window = taken(columns, range(2_000, 2_500))
    order = np.argsort(window["premise_words"])
    window["overlap"] = np.sort(window["overlap"])[np.argsort(order)].tolist()
    found = text_drift(before, text_features(window), SETTINGS)
    assert found.p_value < 1e-6 and 0.6 < found.value < 1
    assert found.effect == pytest.approx(2 * found.value - 1) and found.low < found.value
