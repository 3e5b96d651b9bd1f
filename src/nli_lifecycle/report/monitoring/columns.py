"""Where windows lie on the charts: side by side, and several in one column where there are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import ceil, isfinite, sqrt

from nli_lifecycle.monitoring.alerting.verdicts import utc
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.report import WindowShown

MOST_COLUMNS = 120  # more are too narrow to be seen on a phone
LEAST_COLUMNS = 12  # fewer windows leave room for those to come


@dataclass(frozen=True)
class Group:
    """Windows of one model that share a column.

    Attributes:
        left: left end of its place, in percent of the chart's width.
        width: of its place, in percent.
        windows: at least one.
    """

    left: float
    width: float
    windows: tuple[WindowShown, ...]

    @property
    def middle(self) -> float:
        """Of its place, in percent."""
        return self.left + self.width / 2

    @property
    def version(self) -> str:
        """The one that answered."""
        return self.windows[-1].found.version


@dataclass(frozen=True)
class Columns:
    """All windows, laid out in order of time.

    Attributes:
        groups: from left to right.
        each: windows that a column joins, at most; 1: it joins none.
        begins: when each window begins.
    """

    groups: tuple[Group, ...]
    each: int
    begins: tuple[datetime, ...]

    def place(self, position: float) -> float:
        """Where the window of that position begins, in percent."""
        room = max(LEAST_COLUMNS, self.each * ceil(len(self.begins) / self.each))
        return round(100 * position / room, 2)

    def at(self, moment: datetime) -> float | None:
        """Where a moment lies, in percent: before the first window that begins later.

        Returns:
            None where it is before all windows.
        """
        later = (at for at, begin in enumerate(self.begins) if begin >= utc(moment))
        position = next(later, len(self.begins))
        return self.place(position) if position else None


@dataclass(frozen=True)
class Figure:
    """A finding over the windows of a group, weighted by what each rests on.

    Attributes:
        value: mean.
        low: lower bound of its interval; None: it has none.
        high: upper bound.
        lowest: least value of a window.
        highest: greatest.
        reference: of the last window.
        pairs: what it rests on.
    """

    value: float
    low: float | None
    high: float | None
    lowest: float
    highest: float
    reference: float | None
    pairs: int


def laid_out(windows: Sequence[WindowShown]) -> Columns:
    """Lay windows out; those of one column and one model are joined."""
    each = max(1, ceil(len(windows) / MOST_COLUMNS))
    begins = tuple(utc(window.found.begin) for window in windows)
    bare = Columns((), each, begins)
    groups = []
    for start in range(0, len(windows), each):
        models: dict[tuple[str, str], list[WindowShown]] = {}
        for window in windows[start : start + each]:
            models.setdefault((window.found.version, window.found.digest), []).append(window)
        left, width = bare.place(start), bare.place(each) / len(models)
        groups += [
            Group(round(left + at * width, 2), round(width, 2), tuple(found))
            for at, found in enumerate(models.values())
        ]
    return Columns(tuple(groups), each, begins)


def finding(window: WindowShown, name: str) -> Finding | None:
    """The window's finding of that name."""
    return next((found for found in window.found.findings if found.name == name), None)


def measured(window: WindowShown, name: str) -> Finding | None:
    """Likewise, where it is a figure: what was refused or is not a number is none."""
    found = finding(window, name)
    if found is None or found.state != "measured" or found.value is None:
        return None
    return found if isfinite(found.value) else None


def pooled(group: Group, name: str) -> Figure | None:
    """A finding over the windows of a group that have it.

    A mean of independent figures: their errors, not their intervals, add up. That of one window is
    its own.
    """
    found = [one for window in group.windows if (one := measured(window, name)) is not None]
    if not found:
        return None
    values = [one.value or 0.0 for one in found]
    weights = [max(1, one.pairs) for one in found]
    value = sum(w * v for w, v in zip(weights, values)) / sum(weights)
    below = [v - one.low for v, one in zip(values, found) if one.low is not None]
    above = [one.high - v for v, one in zip(values, found) if one.high is not None]
    known = len(below) == len(above) == len(found)
    return Figure(
        value=value,
        low=value - _error(below, weights) if known else None,
        high=value + _error(above, weights) if known else None,
        lowest=min(values),
        highest=max(values),
        reference=found[-1].reference,
        pairs=sum(one.pairs for one in found),
    )


def runs(groups: Sequence[Group]) -> Iterator[tuple[str, list[Group]]]:
    """Stretches of one version after another."""
    for version, stretch in groupby(groups, key=lambda group: group.version):
        yield version, list(stretch)


def _error(errors: Sequence[float], weights: Sequence[int]) -> float:
    return sqrt(sum((w * e) ** 2 for w, e in zip(weights, errors))) / sum(weights)
