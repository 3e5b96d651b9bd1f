"""Score intervals against references, at the edges, and as often right as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from nli_lifecycle.nli.metrics.proportions import design_effect, paired_difference, wilson


@pytest.mark.parametrize("counts", [(10, 6, 5), (0, 0, 0), (10, -1, 3)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="impossible counts"):
        paired_difference(*counts, 0.95)


def test_no_rows_say_nothing():
    found = wilson(0, 0, 0.95)
    assert (found.estimate, found.lower, found.upper) == (0, 0, 1)


@given(st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_equals_statsmodels(counts):
    right, rows = counts
    found = wilson(right, rows, 0.95)
    expected = proportion_confint(right, rows, alpha=0.05, method="wilson")
    assert (found.lower, found.upper) == pytest.approx(expected, abs=1e-9)


def test_tangos_interval_of_his_own_example():
    """Tango 1998: 44 pairs, one discordant; 95% interval from -0.118 to 0.059."""
    found = paired_difference(44, 0, 1, 0.975)
    assert (found.lower, found.upper) == pytest.approx((-0.118, 0.059), abs=6e-4)


def restricted_score(n: int, b: int, c: int, difference: float) -> float:
    """The statistic with its nuisance share found by maximising the likelihood numerically."""

    def minus_likelihood(q: float) -> float:
        cells = (b, q + difference), (c, q), (n - b - c, 1 - 2 * q - difference)
        return -sum(count * np.log(max(share, 1e-300)) for count, share in cells if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    q = minimize_scalar(
        minus_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    ).x
    return (b - c - n * difference) / np.sqrt(n * (2 * q + difference * (1 - difference)))


@pytest.mark.parametrize("counts", [(160, 40, 20), (44, 1, 2), (500, 3, 30), (50, 12, 1)])
def test_tangos_interval_equals_the_numerical_likelihood(counts):
    z = norm.ppf(0.975)
    found = paired_difference(*counts, 0.975)
    for bound, side in ((found.lower, 1), (found.upper, -1)):
        expected = brentq(
            lambda d, side=side: restricted_score(*counts, d) - side * z,
            *((-0.99, found.estimate) if side > 0 else (found.estimate, 0.99)),
        )
        assert bound == pytest.approx(expected, abs=1e-5)


counts = st.integers(1, 2_000).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda b: st.tuples(st.just(n), st.just(b), st.integers(0, n - b))
    )
)


@given(counts, st.sampled_from([0.8, 0.95, 0.999, 1 - 1e-7]))
def test_intervals_are_antisymmetric_hold_the_estimate_and_stay_in_range(counts, confidence):
    rows, b, c = counts
    found, mirrored = paired_difference(rows, b, c, confidence), paired_difference(
        rows, c, b, confidence
    )
    assert -1 <= found.lower <= found.estimate <= found.upper <= 1
    assert (found.lower, found.upper) == pytest.approx((-mirrored.upper, -mirrored.lower), abs=1e-6)
    assert found.upper > found.lower


@given(counts)
def test_more_confidence_and_clustering_widen(counts):
    rows, b, c = counts
    narrow, wide = paired_difference(rows, b, c, 0.9), paired_difference(rows, b, c, 0.99)
    clustered = paired_difference(rows, b, c, 0.9, 2.0)
    for other in (wide, clustered):
        assert other.lower <= narrow.lower + 1e-9 and other.upper >= narrow.upper - 1e-9


def test_the_bounds_are_wrong_as_seldom_as_they_say():
    """Of 3,000 samples at a true difference of -1 point, 5% of lower bounds lie above it."""
    generator = np.random.default_rng(5)
    for rows in (300, 3_000):
        draws = generator.multinomial(rows, [0.045, 0.055, 0.9], size=3_000)
        above = [paired_difference(rows, b, c, 0.95).lower > -0.01 for b, c, _ in draws]
        assert 0.035 <= np.mean(above) <= 0.062


def test_design_effect_of_doubled_rows_is_two_and_never_below_one():
    values = np.random.default_rng(0).normal(size=1_000)
    assert design_effect(np.repeat(values, 2), np.repeat(np.arange(1_000), 2)) == pytest.approx(
        2, rel=0.01
    )
    assert design_effect(values, np.arange(1_000)) == pytest.approx(1, abs=0.002)
    opposed = np.tile([1.0, -1.0], 500)
    assert design_effect(opposed, np.repeat(np.arange(500), 2)) == 1
    assert design_effect(np.zeros(10), np.repeat(np.arange(5), 2)) == 1
    assert design_effect(values, None) == 1
