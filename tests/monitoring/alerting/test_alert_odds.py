"""How often rules cry, and how soon: the document's figures, from the rules themselves."""

from __future__ import annotations

import re
from bisect import bisect_left
from pathlib import Path

import numpy as np
import pytest
from alerting_windows import finding, window
from scipy import stats

from nli_lifecycle.monitoring.alerting.breaches import look
from nli_lifecycle.monitoring.alerting.rules import RelativeRule, TrendRule
from nli_lifecycle.nli.metrics.proportions import wilson

DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"
PAIRS = 500
ROW = re.compile(
    r"^\| (0\.\d+) \| ([\d.]+) \| (\d) of \d \| ([\d.]+) \| (\d*)%? ?\| (\d+)% \|$", re.M
)
LUCKY = re.compile(
    r"^\| (0\.\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \(([\d.]+)\) \| (\d+)% \|$", re.M
)


@pytest.mark.parametrize("row", ROW.findall(DOCUMENT.read_text()))
def test_a_relative_rule_behaves_as_the_table_says(row):
    accuracy, points, n, false_alarms, first, both = row
    rule = RelativeRule(
        name="fell", finding="realised_accuracy", sentence="-", points=float(points)
    )
    fires = np.zeros(PAIRS + 1)
    for count in range(PAIRS + 1):
        share = wilson(count, PAIRS, 0.95)
        ends = {"low": share.lower, "high": share.upper}
        seen = finding(value=share.estimate, reference=float(accuracy), **ends)
        fires[count] = look(rule, [window(0, seen)]).state == "breached"
    quiet, dropped = (
        float(stats.binom.pmf(range(PAIRS + 1), PAIRS, float(accuracy) - drop) @ fires)
        for drop in (0, 0.05)
    )
    within_two = 1 - (1 - dropped) ** 2 if n == "1" else dropped**2
    assert f"{1000 * quiet ** int(n):.1f}" == false_alarms
    assert f"{100 * within_two:.0f}" == both
    assert not first or f"{100 * dropped:.0f}" == first


def test_the_tables_are_there():
    assert len(ROW.findall(DOCUMENT.read_text())) == 6
    assert len(LUCKY.findall(DOCUMENT.read_text())) == 8


def margins(pairs: int) -> np.ndarray:
    """Share, lower and upper end of each count of right answers, shape (pairs + 1, 3)."""
    shares = [wilson(count, pairs, 0.95) for count in range(pairs + 1)]
    return np.array([(one.estimate, one.lower, one.upper) for one in shares])


def fires_of(rule: RelativeRule, known: tuple[float, float, float], exact: bool) -> np.ndarray:
    """Whether the rule fires on each count of a window, given a reference; by the rule itself.

    It fires up to some count, which is looked for by halves.
    """
    seen = margins(PAIRS)
    ends = {} if exact else {"reference_low": known[1], "reference_high": known[2]}

    def fires(count: int) -> bool:
        value, low, high = seen[count]
        found = finding(value=value, low=low, high=high, reference=known[0], **ends)
        return look(rule, [window(0, found)]).state == "breached"

    first_quiet = bisect_left(range(PAIRS + 1), True, key=lambda count: not fires(count))
    return np.arange(PAIRS + 1) < first_quiet


@pytest.mark.parametrize("row", LUCKY.findall(DOCUMENT.read_text()))
def test_a_reference_that_is_known_roughly_raises_no_more_alarms_than_its_interval_promises(row):
    accuracy, pairs, points, rate, naive, found = row
    rule = RelativeRule(
        name="fell", finding="realised_accuracy", sentence="-", points=float(points)
    )
    luck = stats.binom.pmf(range(int(pairs) + 1), int(pairs), float(accuracy))
    windows = [
        stats.binom.pmf(range(PAIRS + 1), PAIRS, float(accuracy) - drop) for drop in (0, 0.05)
    ]
    sums = np.zeros(3)
    for chance, known in zip(luck, margins(int(pairs))):
        if chance > 1e-7:
            fires, would = (fires_of(rule, tuple(known), exact) for exact in (False, True))
            sums += chance * np.array([windows[0] @ fires, windows[0] @ would, windows[1] @ fires])
    assert (f"{1000 * sums[0]:.1f}", f"{1000 * sums[1]:.1f}") == (rate, naive)
    assert f"{100 * sums[2]:.0f}" == found
    assert sums[0] < 0.03  # one end of a 95% interval: 0.025


def test_a_trend_rarely_sees_what_is_not_there():
    rule = TrendRule(name="falls", finding="realised_accuracy", sentence="-", minimum_pairs=1)
    counts = np.random.default_rng(7).binomial(PAIRS, 0.9, 3_000)
    windows = [window(n, finding(value=count / PAIRS)) for n, count in enumerate(counts)]
    fires = [
        look(rule, windows[end - rule.windows : end]).state == "breached"
        for end in range(rule.windows, len(windows) + 1)
    ]
    assert np.mean(fires) <= 0.005
