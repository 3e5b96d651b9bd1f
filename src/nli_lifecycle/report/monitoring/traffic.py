"""Traffic: pairs per hour, and rows that could not be used."""

from __future__ import annotations

from math import ceil, floor, log10

from nli_lifecycle.report.monitoring.columns import Columns, Group, pooled
from nli_lifecycle.report.monitoring.plot import AXIS, Plot
from nli_lifecycle.report.monitoring.words import lasted, percent, who

HEIGHT, TOP, ROW = 90, 8, 17  # pixels
UNEVEN = 200  # greatest over least rate from which the scale is logarithmic


def rate(group: Group) -> float | None:
    """Pairs per hour of a group's windows; None: its rows are all of one moment."""
    hours = sum((w.found.end - w.found.begin).total_seconds() for w in group.windows) / 3600
    pairs = sum(w.found.pairs for w in group.windows)
    return pairs / hours if hours > 0 else None


def uneven(columns: Columns) -> bool:
    """Whether the rates are drawn by their logarithm."""
    rates = [found for group in columns.groups if (found := rate(group))]
    return bool(rates) and max(rates) > UNEVEN * min(rates)


def traffic_chart(columns: Columns) -> str:
    """Draw it: an ``<svg>`` element."""
    bottom = TOP + HEIGHT
    plot = Plot("Pairs per hour, by window", bottom + ROW + 4 + AXIS, TOP, bottom)
    rates = [rate(group) for group in columns.groups]
    known = [found for found in rates if found]
    logarithmic = uneven(columns)
    least = 10 ** floor(log10(min(known))) / 2 if logarithmic else 0.0
    most = _round_up(max(known, default=1.0))

    def height(value: float) -> float:
        if logarithmic:
            return round(HEIGHT * log10(max(value, least) / least) / log10(most / least), 1)
        return round(HEIGHT * value / most, 1)

    ticks = [0.0, most / 2, most]
    if logarithmic:
        ticks = [10.0**power for power in range(ceil(log10(least)), floor(log10(most)) + 1)]
    plot.levels([(bottom - height(tick) if tick else bottom, _short(tick)) for tick in ticks])
    for group, found in zip(columns.groups, rates):
        spans = [w.found.end - w.found.begin for w in group.windows]
        pairs = sum(w.found.pairs for w in group.windows)
        title = f"{who(group)}: {pairs:,} pairs in {lasted(sum(spans[1:], spans[0]))}"
        if found is None:
            plot.mark("gap missing", "dash", group.middle, bottom - 4, f"{title}: no rate")
        else:
            tall = max(1.0, height(found))
            title += f", {found:,.0f} per hour"
            plot.cell("rate", group.left, group.width, bottom - tall, tall, title)
        damaged = pooled(group, "damaged_rows")
        if damaged is not None and damaged.value > 0:
            title = f"{who(group)}: {percent(damaged.value)} of the rows are damaged"
            plot.mark("damaged", "cross", group.middle, bottom + ROW / 2 + 4, title)
    plot.gutter(bottom + ROW / 2 + 4, "damaged")
    plot.times(columns, bottom + ROW + 20)
    return plot.svg()


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(value))
    return next((f * power for f in (1, 2, 5, 10) if f * power >= value), 10 * power)


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1_000:g}k" if value >= 1_000 else f"{value:g}"
