"""Drift: statistics against references, quiet windows left in peace, too little said plainly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp
from simulated_columns import simulated, summary_of, taken
from statsmodels.stats.multitest import multipletests

from nli_lifecycle.monitoring.drift import (
    FEATURES,
    DriftSettings,
    distribution,
    drift,
    homogeneity,
    label_mix,
    tenths,
)
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.holm import corrected, holm
from nli_lifecycle.monitoring.summary import EDGES, Summary

SETTINGS = DriftSettings()


@pytest.fixture(scope="module")
def reference() -> Summary:
    return summary_of(simulated(2_000, seed=1)[0])


def by_name(findings) -> dict[str, Finding]:
    return {found.name: found for found in findings}


def test_without_a_reference_drift_is_missing():
    for found in drift(summary_of(simulated(500)[0]), None, SETTINGS):
        assert (found.state, found.value, found.p_value) == ("missing", None, None)
        assert "nothing to compare with" in found.why


def test_an_empty_window_is_insufficient(reference):
    for found in drift(Summary.empty(), reference, SETTINGS):
        assert found.state == "insufficient" and "0 pairs in the window" in found.why


def test_a_small_reference_is_insufficient():
    small = summary_of(simulated(20)[0])
    for found in drift(summary_of(simulated(500)[0]), small, SETTINGS):
        assert found.state == "insufficient" and "20 pairs in the reference" in found.why


def test_what_no_row_says_is_missing_and_no_test(reference):
    columns, _ = simulated(500)
    found = by_name(drift(summary_of({**columns, "overlap": [None] * 500}), reference, SETTINGS))
    assert found["overlap"].state == "missing" and "says overlap" in found["overlap"].why
    assert found["confidence"].state == "measured"


def test_one_class_only_has_drifted(reference):
    columns, _ = simulated(500)
    found = by_name(drift(summary_of({**columns, "label": ["neutral"] * 500}), reference, SETTINGS))
    assert found["label_mix"].value == pytest.approx(2 / 3, abs=0.03)
    assert found["label_mix"].p_value < 1e-50


def test_a_label_that_was_never_given_before_is_no_division_by_zero():
    found = label_mix(np.array([500, 500, 0]), np.array([100, 100, 100]))
    assert found.distance == pytest.approx(1 / 3) and np.isfinite(found.effect)
    assert found.p_value < 1e-10


def test_cohens_w_of_his_own_example():
    """Cohen 1988, section 7.2: shares .375, .208, .208, .208 against four quarters, w = 0.289."""
    found = label_mix(np.array([6, 6, 6, 6]) * 100, np.array([9, 5, 5, 5]) * 100)
    assert found.effect == pytest.approx(0.289, abs=1e-3)


@given(st.lists(st.integers(25, 500), min_size=6, max_size=6))
def test_homogeneity_equals_scipy(counts):
    before, now = np.array(counts).reshape(2, 3)
    expected = chi2_contingency([before, now], correction=False).pvalue
    assert homogeneity(before, now) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_small_cells_are_joined_and_one_cell_says_nothing():
    assert homogeneity(np.array([500, 0, 0]), np.array([500, 0, 0])) == 1.0
    joined = homogeneity(np.array([500, 300, 1]), np.array([200, 300, 2]))
    assert joined == pytest.approx(homogeneity(np.array([500, 301]), np.array([200, 302])))


def test_the_distance_is_kolmogorovs_up_to_the_bins():
    generator = np.random.default_rng(2)
    first, second = generator.beta(2, 3, 2_000), generator.beta(2.6, 3, 500)
    columns, _ = simulated(2_000)
    before, now = (
        summary_of({**taken(columns, range(len(v))), "overlap": v.tolist()}).histograms["overlap"]
        for v in (first, second)
    )
    found = distribution(before, now)
    assert found.distance == pytest.approx(ks_2samp(first, second).statistic, abs=0.02)
    assert found.p_value < 0.01


@given(st.lists(st.integers(0, 60), min_size=20, max_size=60).filter(lambda c: sum(c) > 20))
def test_tenths_keep_all_rows_and_depend_on_both_samples_together_only(counts):
    both = np.array(counts)
    halves = both // 2, both - both // 2
    if not halves[0].sum():
        return
    first, second = tenths(*halves)
    assert (first.sum(), second.sum()) == (halves[0].sum(), halves[1].sum())
    assert len(first) <= 10
    again = tenths(both - both // 3, both // 3)
    assert (first + second).tolist() == (again[0] + again[1]).tolist()


def test_quiet_windows_are_accused_as_often_as_the_level_says():
    """Reference and window drawn anew each time, 1,000 times, all tests of a window together."""
    generator = np.random.default_rng(3)
    population = summary_of(simulated(50_000, seed=9)[0])
    shares = {name: population.histograms[name] / 50_000 for name in EDGES}
    smallest, single = [], []
    for _ in range(1_000):
        values = [
            distribution(generator.multinomial(2_000, p), generator.multinomial(500, p)).p_value
            for p in (shares[name] for name in FEATURES)
        ]
        single += values
        smallest.append(min(holm(values)))
    assert np.mean(np.array(single) < 0.05) == pytest.approx(0.05, abs=0.01)
    assert np.mean(np.array(smallest) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_longer_premises_are_found_and_nothing_else(reference):
    columns, _ = simulated(500, seed=4)
    longer = {**columns, "premise_words": [words + 3 for words in columns["premise_words"]]}
    found = by_name(corrected(drift(summary_of(longer), reference, SETTINGS)))
    assert found["premise_words"].p_value < 1e-10 and found["premise_words"].effect > 0.25
    assert all(f.p_value > 0.05 and f.effect < 0.1 for n, f in found.items() if n[:3] != "pre")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_statsmodels(p_values):
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected.tolist(), abs=1e-12)


def test_no_tests_need_no_correction():
    assert holm([]) == []
    untested = Finding(name="requests", state="measured", value=3.0, pairs=3)
    assert corrected([untested]) == (untested,)


def test_all_tests_of_a_window_are_corrected_together():
    findings = [
        Finding(name=name, state="measured", p_value=p, pairs=9)
        for name, p in (("a", 0.01), ("b", None), ("c", 0.02), ("d", 0.5))
    ]
    assert [f.p_value for f in corrected(findings)] == pytest.approx([0.03, None, 0.04, 0.5])
