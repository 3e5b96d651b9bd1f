"""The last minute's traffic."""

from __future__ import annotations

import pytest

from nli_lifecycle.serving.telemetry.traffic import Traffic, percentile


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


def test_a_minute_and_no_more_is_remembered() -> None:
    """Second by second; what is older is gone, also when nothing is asked any more."""
    clock = Clock()
    traffic = Traffic(clock)
    traffic.add(10.0, 2, False)
    clock.now = 1030.5
    traffic.add(20.0, 1, True)
    traffic.add(40.0, 1, False)
    summary = traffic.summary()
    assert (summary["requests"], summary["errors"], summary["pairs"]) == (3, 1, 4)
    assert (summary["p50_ms"], summary["p99_ms"]) == (20.0, 40.0)
    assert summary["series"] == [
        {"t": 1000, "requests": 1, "p50_ms": 10.0},
        {"t": 1030, "requests": 2, "p50_ms": 20.0},
    ]
    clock.now = 1060.0
    assert traffic.summary()["requests"] == 2
    clock.now = 1090.0
    summary = traffic.summary()
    assert (summary["requests"], summary["p50_ms"], summary["series"]) == (0, None, [])


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([5.0], 0.01, 5.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 1001)], 0.99, 990.0),
        ([1.0, 2.0], 1.0, 2.0),
    ],
)
def test_percentiles(values: list[float], share: float, expected: float | None) -> None:
    """The smallest value that so many do not exceed."""
    assert percentile(values, share) == expected
