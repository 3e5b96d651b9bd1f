"""Intervals as bars on a common scale: places in percent, so that any width of page will do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from nli_lifecycle.nli.metrics.figures import Interval

ROOM = 0.06  # of the span, left free at both ends


@dataclass(frozen=True)
class Bar:
    """One interval on a track, in percent of its width."""

    left: float
    width: float
    dot: float


@dataclass(frozen=True)
class Mark:
    """A place on the track with its text: a tick, or a line such as the margin."""

    left: float
    text: str


@dataclass(frozen=True)
class Track:
    """A common scale of several intervals."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value lies, in percent, rounded so that pages stay small."""
        return round(100 * (min(max(value, self.low), self.high) - self.low) / self.span, 2)

    @property
    def span(self) -> float:
        """Length of the scale, in the unit of its values."""
        return self.high - self.low

    def bar(self, interval: Interval) -> Bar:
        """Lay an interval on the track."""
        left, right = self.place(interval.lower), self.place(interval.upper)
        return Bar(left, round(right - left, 2), self.place(interval.estimate))

    def ticks(self, scale: float, signed: bool) -> list[Mark]:
        """Four to seven round values, with their texts in the reader's unit."""
        step = _round_step(scale * self.span / 5)
        first = int(-(-scale * self.low // step))
        last = int(scale * self.high // step)
        digits = max(0, -floor(log10(step)))
        return [
            Mark(
                self.place(number * step / scale),
                f"{number * step:{'+' if signed and number else ''}.{digits}f}",
            )
            for number in range(first, last + 1)
        ]


def common_track(intervals: Iterable[Interval], also: Sequence[float] = ()) -> Track:
    """A scale that holds all intervals and some further values, such as 0 and a margin."""
    found = list(intervals)
    values = [bound for interval in found for bound in (interval.lower, interval.upper)] + [*also]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = ROOM * (high - low) or 0.01
    return Track(low - room, high + room)


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
