"""Detectors: run lengths from the literature and from simulation; nothing learnt of no window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_columns import simulated, summary_of

from nli_lifecycle.monitoring.detectors import (
    DetectorSettings,
    drifted,
    fallen,
    fallen_n_of_m,
    n_of_m,
)
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.observing import (
    Observation,
    observe_estimate,
    observe_realised,
    observe_share,
)
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.run_lengths import cusum_limit, false_alarm_rate, n_of_m_level
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.nli.metrics.proportions import wilson

SETTINGS = DetectorSettings()
EVIDENCE = Reference(accuracy=wilson(8_600, 10_000, 0.95))


def seen(*rights: int | None, pairs: int = 500) -> list[Observation | None]:
    return [right if right is None else observe_share(right, pairs, EVIDENCE) for right in rights]


@pytest.mark.parametrize("limit, expected", [(4.0, 335.37), (5.0, 930.89)])
def test_run_lengths_of_the_literature(limit, expected):
    """One-sided CUSUM with k = 0.5; two-sided 168 and 465 (Montgomery 2009, ch. 9)."""
    assert 1 / false_alarm_rate(0.5, limit) == pytest.approx(expected, rel=1e-3)


def test_a_limit_of_nothing_is_one_test_per_window():
    assert false_alarm_rate(1.6449, 0.0) == pytest.approx(0.05, abs=1e-4)
    assert cusum_limit(3.5, 0.004, 0.0) == 0.0


@settings(deadline=None, max_examples=30)
@given(st.floats(0.5, 2.5), st.floats(0.002, 0.05), st.floats(0, 0.3))
def test_limits_keep_the_rate(allowance, rate, uncertainty):
    ratio = allowance * uncertainty
    limit = cusum_limit(allowance, rate, ratio)
    assert false_alarm_rate(allowance, limit, ratio) <= rate * 1.01
    assert limit >= cusum_limit(allowance, rate, 0.0) - 1e-3


def test_a_reference_known_too_badly_raises_no_alarm():
    """Of 30 pairs: what looks like a fall by five points may be the reference's luck."""
    assert cusum_limit(0.5, 0.004, 1.0) == np.inf
    small = Reference(accuracy=wilson(27, 30, 0.95))
    assert fallen([observe_share(420, 500, small)] * 5, SETTINGS) == [False] * 5


def test_flags_by_themselves_keep_their_level():
    assert n_of_m_level(1, 1, 0.004, 0.5) == pytest.approx(0.004, rel=1e-3)
    assert n_of_m_level(2, 3, 0.004, 0.0) > n_of_m_level(2, 3, 0.004, 0.5) > 0.004


@pytest.mark.parametrize("n, m", [(0, 3), (4, 3), (2, 13)])
def test_impossible_rules_are_refused(n, m):
    with pytest.raises(ValueError, match="1 ≤ n ≤ m"):
        n_of_m_level(n, m, 0.004, 0.0)
    with pytest.raises(ValueError):
        DetectorSettings(n=n, m=m)


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 4), st.integers(0, 3))
def test_n_of_m_is_what_it_says(flags, n, more):
    recent, expected = [], []
    for flag in flags:
        recent = [*recent, flag][-(n + more) :]
        expected.append(flag and sum(recent) >= n)
        recent = [] if expected[-1] else recent
    assert n_of_m(np.array(flags, dtype=bool), n, n + more).tolist() == expected


def test_no_windows_raise_no_alarm():
    assert fallen([], SETTINGS) == fallen_n_of_m([], SETTINGS) == drifted([], SETTINGS) == []


def test_windows_that_were_not_measured_change_nothing():
    good = 430
    for rule in (fallen, fallen_n_of_m):
        assert rule(seen(None, None), SETTINGS) == [False, False]
        without = rule(seen(good, 412, 412, good), SETTINGS)
        spread = rule(seen(good, 412, None, 412, good), SETTINGS)
        assert spread[:2] + spread[3:] == without and not spread[2]


def test_counting_begins_anew_after_an_alarm():
    assert fallen(seen(300, 430, 430), SETTINGS) == [True, False, False]
    assert drifted([1e-9, 1e-9, 1e-9, 0.5, 1e-9], SETTINGS) == [False, True, False, False, True]


def test_nothing_to_compare_with_is_no_observation():
    summary = summary_of(simulated(100)[0])
    assert observe_estimate(Summary.empty(), EVIDENCE) is None
    assert observe_estimate(summary, Reference()) is None
    assert observe_realised(Labelled.empty(), EVIDENCE) is None
    assert observe_share(9, 10, Reference()) is None


def test_the_estimate_is_compared_with_confidence_or_else_with_the_evidence():
    summary, before = (summary_of(simulated(n, seed=n)[0]) for n in (500, 2_000))
    beside = observe_estimate(summary, Reference(accuracy=EVIDENCE.accuracy, summary=before))
    assert beside.ratio == pytest.approx(0.5, abs=0.06) and abs(beside.shortfall) < 4
    alone = observe_estimate(summary, EVIDENCE)
    assert alone.reference == 0.86
    assert alone.reference_error == pytest.approx(np.sqrt(0.86 * 0.14 / 10_000), rel=1e-3)


def test_perfect_evidence_is_no_division_by_zero():
    perfect = Reference(accuracy=Interval(1.0, 1.0, 1.0))
    assert np.isfinite(observe_share(500, 500, perfect).shortfall)
    found = fallen([observe_share(400, 500, perfect)] * 2, SETTINGS)
    assert found == [True, True]


@pytest.mark.parametrize("known", [2_000, 10_000])
def test_false_alarms_and_delays_at_the_defaults(known):
    """At most 1 false alarm in 200 windows of 500; five points are found in about 2 windows."""
    generator = np.random.default_rng(7)
    false, delays = [], []
    for _ in range(400):
        reference = Reference(accuracy=wilson(generator.binomial(known, 0.86), known, 0.95))
        quiet, low = (generator.binomial(500, p, size=n) for p, n in ((0.86, 60), (0.81, 20)))
        alarms = [
            fallen([observe_share(int(right), 500, reference) for right in rights], SETTINGS)
            for rights in (quiet, low)
        ]
        false.append(np.mean(alarms[0]))
        delays.append(alarms[1].index(True) + 1 if any(alarms[1]) else 20)
    assert np.mean(false) < 0.006  # 24,000 windows: the simulation's own error is 0.0006
    assert np.mean(delays) < {2_000: 2.2, 10_000: 1.7}[known]
