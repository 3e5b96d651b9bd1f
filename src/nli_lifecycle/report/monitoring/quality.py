"""Quality over time: accuracies with intervals, the evidence, releases, and who answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor

from nli_lifecycle.monitoring.report import ReleaseMark
from nli_lifecycle.report.monitoring.below import ROW, below, height_below
from nli_lifecycle.report.monitoring.columns import Columns, Figure, Group, finding, pooled
from nli_lifecycle.report.monitoring.plot import AXIS, Plot
from nli_lifecycle.report.monitoring.words import (
    percent,
    plain,
    release,
    when,
    who,
    with_interval,
)

#: Finding → class and shape of its marks, and how far from the middle of its place they are.
ACCURACIES = {
    "realised_accuracy": ("realised", "dot", -0.14),
    "estimated_accuracy": ("estimated", "diamond", 0.14),
}
LINES = {"freeze": "freeze", "unfreeze": "freeze", "rollback": "rollback"}
HEIGHT = 200  # pixels of the plot itself
LABELS, LABEL = 3, 14  # rows of labels above it, and their height
MOST_LABELS = 9
STEP = 0.05


@dataclass(frozen=True)
class Scale:
    """Shares, from bottom to top of the plot."""

    low: float
    high: float
    bottom: float

    def up(self, share: float) -> float:
        """The place of a share, in pixels."""
        inside = min(max(share, self.low), self.high)
        return round(self.bottom - HEIGHT * (inside - self.low) / (self.high - self.low), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """At most seven round shares."""
        steps = round((self.high - self.low) / STEP)
        shares = [self.low + STEP * at for at in range(0, steps + 1, max(1, ceil(steps / 6)))]
        return [(self.up(share), f"{100 * share:.0f}%") for share in shares]


def quality_chart(columns: Columns, releases: Sequence[ReleaseMark]) -> str:
    """Draw it.

    Args:
        columns: the windows.
        releases: drawn where they lie among the windows.

    Returns:
        An ``<svg>`` element.
    """
    top = LABELS * LABEL + 6
    bottom = top + HEIGHT
    end = bottom + 12 + height_below(columns)
    plot = Plot("Accuracy by window; the table at the end says the same", end + AXIS, top, bottom)
    figures = {name: [pooled(group, name) for group in columns.groups] for name in ACCURACIES}
    levels = [_evidence(group) for group in columns.groups]
    scale = _scale((f for found in figures.values() for f in found), levels, bottom)
    plot.levels(scale.ticks())
    for group, level in zip(columns.groups, levels):
        if level is not None:
            y, title = scale.up(level), f"Evidence of version {group.version}: {percent(level)}"
            plot.cell("evidence", group.left, group.width / 0.9, y - 1, 2, title)
    _releases(plot, columns, releases, end)
    for name in ACCURACIES:
        for group, figure in zip(columns.groups, figures[name]):
            if figure is not None:
                _draw(plot, scale, group, figure, name)
    below(plot, columns, tuple((name, ACCURACIES[name][0]) for name in ACCURACIES), bottom + 12)
    plot.times(columns, end + ROW - 2)
    return plot.svg()


def _draw(plot: Plot, scale: Scale, group: Group, figure: Figure, name: str) -> None:
    kind, shape, aside = ACCURACIES[name]
    x = round(group.middle + aside * group.width, 2)
    if len(group.windows) > 1:
        plot.line(f"range {kind}", x, scale.up(figure.lowest), x, scale.up(figure.highest))
    if figure.low is not None and figure.high is not None:
        plot.line(f"bar {kind}", x, scale.up(figure.low), x, scale.up(figure.high))
    title = f"{who(group)}: {plain(name)} {with_interval(figure)}, {figure.pairs:,} pairs"
    if len(group.windows) > 1:
        title += f"; windows from {percent(figure.lowest)} to {percent(figure.highest)}"
    if figure.reference is not None:
        title += f"; evidence {percent(figure.reference)}"
    plot.mark(f"value {kind}", shape, x, scale.up(figure.value), title)


def _evidence(group: Group) -> float | None:
    """Accuracy that the release was measured to have: a finding without a figure knows it too."""
    for window in reversed(group.windows):
        for name in ACCURACIES:
            found = finding(window, name)
            if found is not None and found.reference is not None:
                return found.reference
    return None


def _scale(
    figures: Iterable[Figure | None], levels: Iterable[float | None], bottom: float
) -> Scale:
    shown = [level for level in levels if level is not None]
    for figure in figures:
        if figure is not None:
            bounds = (figure.value, figure.lowest, figure.highest, figure.low, figure.high)
            shown += [bound for bound in bounds if bound is not None]
    low = max(0.0, STEP * floor(min(shown, default=0.5) / STEP))
    high = min(1.0, STEP * ceil(max(shown, default=1.0) / STEP))
    return Scale(low, high, bottom) if high > low else Scale(max(0.0, low - STEP), low, bottom)


def _releases(plot: Plot, columns: Columns, releases: Sequence[ReleaseMark], end: float) -> None:
    """Vertical lines; labels take turns in three rows, and only the last ones have any."""
    placed = [(mark, at) for mark in releases if (at := columns.at(mark.time)) is not None]
    for number, (mark, at) in enumerate(placed):
        kind = LINES.get(mark.kind, "release")
        row = number % LABELS
        y = LABEL * row + 11
        title = f"{release(mark)}, {when(mark.time)}, by {mark.by}. {mark.reason}"
        plot.add(f'<g class="moment {kind}"><title>{escape(title)}</title>')
        plot.line("", at, y + 3, at, end)
        if len(placed) - number <= MOST_LABELS:
            anchor, aside = ("end", -4) if at > 70 else ("start", 4)
            plot.add(
                f'<text x="{at:g}%" dx="{aside}" y="{y:g}" text-anchor="{anchor}">'
                f"{escape(release(mark))}</text>"
            )
        plot.add("</g>")
