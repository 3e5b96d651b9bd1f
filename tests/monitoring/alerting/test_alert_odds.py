"""How often rules cry, and how soon: the document's figures, from the rules themselves."""

from __future__ import annotations

import re
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


def test_the_table_is_there():
    assert len(ROW.findall(DOCUMENT.read_text())) == 6


def test_a_trend_rarely_sees_what_is_not_there():
    rule = TrendRule(name="falls", finding="realised_accuracy", sentence="-", minimum_pairs=1)
    counts = np.random.default_rng(7).binomial(PAIRS, 0.9, 3_000)
    windows = [window(n, finding(value=count / PAIRS)) for n, count in enumerate(counts)]
    fires = [
        look(rule, windows[end - rule.windows : end]).state == "breached"
        for end in range(rule.windows, len(windows) + 1)
    ]
    assert np.mean(fires) <= 0.005
