"""Scales hold what is drawn on them, and their ticks are round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.report.tracks import common_track

numbers = st.floats(-1, 1, allow_nan=False)


def test_no_intervals_still_make_a_scale():
    assert common_track([]).span > 0


@given(st.lists(st.tuples(numbers, numbers, numbers).map(sorted), min_size=1, max_size=6))
def test_every_bar_is_on_the_track(triples):
    intervals = [Interval(middle, low, high) for low, middle, high in triples]
    track = common_track(intervals, [0.0])
    assert track.span > 0
    for interval in intervals:
        bar = track.bar(interval)
        assert 0 <= bar.left <= bar.dot + 0.02 and bar.dot <= bar.left + bar.width + 0.02
        assert bar.left + bar.width <= 100.02
    ticks = track.ticks(100, signed=True)
    assert 2 <= len(ticks) <= 12
    assert all(0 <= tick.left <= 100 for tick in ticks)


@pytest.mark.parametrize(
    "low, high, texts",
    [
        (-0.02, 0.01, ["-2", "-1", "0", "+1"]),
        (-0.003, 0.002, ["-0.2", "0.0", "+0.2"]),
        (-0.5, 0.0, ["-40", "-20", "0"]),
    ],
)
def test_ticks_are_round(low, high, texts):
    track = common_track([Interval((low + high) / 2, low, high)])
    assert [tick.text for tick in track.ticks(100, signed=True)] == texts
