"""The last minute of predicting requests, second by second, for people who look at the page."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

WINDOW_S = 60


@dataclass(slots=True)
class _Second:
    at: int  # of the clock
    errors: int = 0
    pairs: int = 0
    latencies_ms: list[float] = field(default_factory=list)


class Traffic:
    """Counts requests of the last minute. Errors are answers of 500 and above."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._seconds: deque[_Second] = deque()

    def add(self, latency_ms: float, pairs: int, error: bool) -> None:
        """Count a request that was just answered."""
        second = self._now()
        second.latencies_ms.append(latency_ms)
        second.pairs += pairs
        second.errors += error

    def summary(self) -> dict[str, Any]:
        """The window's counts and percentiles, and a point per second that had requests.

        A second's ``t`` is its Unix time. Percentiles are null where nothing was asked.
        """
        self._now()
        latencies = sorted(ms for second in self._seconds for ms in second.latencies_ms)
        return {
            "window_s": WINDOW_S,
            "requests": len(latencies),
            "errors": sum(second.errors for second in self._seconds),
            "pairs": sum(second.pairs for second in self._seconds),
            "p50_ms": percentile(latencies, 0.5),
            "p99_ms": percentile(latencies, 0.99),
            "series": [
                {
                    "t": second.at,
                    "requests": len(second.latencies_ms),
                    "p50_ms": percentile(sorted(second.latencies_ms), 0.5),
                }
                for second in self._seconds
                if second.latencies_ms
            ],
        }

    def _now(self) -> _Second:
        """The current second; seconds that have left the window are forgotten."""
        now = int(self._clock())
        while self._seconds and self._seconds[0].at <= now - WINDOW_S:
            self._seconds.popleft()
        if not self._seconds or self._seconds[-1].at < now:
            self._seconds.append(_Second(now))
        return self._seconds[-1]


def percentile(ascending: list[float], share: float) -> float | None:
    """The smallest of the values that at least this share of them does not exceed."""
    if not ascending:
        return None
    position = -(-len(ascending) * share // 1)
    return round(ascending[max(0, int(position) - 1)], 3)
