"""Below the accuracies: windows without a figure, detectors that rang, and who answered."""

from __future__ import annotations

from collections.abc import Sequence

from nli_lifecycle.report.monitoring.columns import Columns, Group, finding, measured, runs
from nli_lifecycle.report.monitoring.plot import Plot
from nli_lifecycle.report.monitoring.words import plain, who

ROW = 17  # pixels
MOST_LANES = 6  # the latest versions
SHAPES = {"insufficient": "ring", "refused": "cross", "missing": "dash"}


def height_below(columns: Columns) -> int:
    """Pixels that ``below`` takes: two accuracies, detectors, one lane per version."""
    return ROW * (3 + len(_versions(columns)))


def below(plot: Plot, columns: Columns, names: Sequence[tuple[str, str]], top: float) -> None:
    """Draw the rows.

    Args:
        plot: to draw on.
        columns: the windows.
        names: findings, and the words for them.
        top: where the first row begins, in pixels.
    """
    y = top + ROW / 2
    for name, word in names:
        plot.gutter(y, word)
        for group in columns.groups:
            _gap(plot, group, name, y)
        y += ROW
    plot.gutter(y, "detectors")
    for group in columns.groups:
        if rang := sorted({name for window in group.windows for name in window.alarms}):
            title = f"{who(group)}: {', '.join(map(plain, rang))} rang"
            plot.mark("bell", "bell", group.middle, y, title)
    for version in _versions(columns):
        y += ROW
        plot.gutter(y, f"v{version}")
        for other, stretch in runs(columns.groups):
            if other == version:
                first, last = stretch[0], stretch[-1]
                title = (
                    f"Version {version} answered in windows {first.windows[0].found.window} to "
                    f"{last.windows[-1].found.window}"
                )
                width = (last.left + last.width - first.left) / 0.9
                plot.cell("lane", first.left, width, y - 4, 8, title)


def _gap(plot: Plot, group: Group, name: str, y: float) -> None:
    """What there is where no window of a group has the figure; never a place on its scale."""
    if any(measured(window, name) for window in group.windows):
        return
    found = finding(group.windows[-1], name)
    state = "missing" if found is None or found.state == "measured" else found.state
    why = found.why if found is not None else "It was not looked for."
    plot.mark(
        f"gap {state}",
        SHAPES[state],
        group.middle,
        y,
        f"{who(group)}: {plain(name)} {state}. {why}",
    )


def _versions(columns: Columns) -> list[str]:
    return list(dict.fromkeys(group.version for group in columns.groups))[-MOST_LANES:]
