"""Drift: a strip of effect sizes per finding, what is significant marked."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.report.monitoring.columns import Columns, Group, finding, measured
from nli_lifecycle.report.monitoring.plot import Plot
from nli_lifecycle.report.monitoring.words import plain, who

HEIGHT = 20  # pixels
SIGNIFICANT = 0.05  # p-values are corrected within their window
LEVELS = ("little", "some", "much")


@dataclass(frozen=True)
class Effect:
    """An effect size, and from where on there is some of it, and much."""

    name: str
    some: float
    much: float

    def level(self, size: float) -> int:
        """Place in ``LEVELS``."""
        return (abs(size) >= self.some) + (abs(size) >= self.much)


#: Bounds: docs/monitoring_statistics.md; of Cliff's delta, Romano et al. 2006.
STABILITY = Effect("PSI", 0.1, 0.25)
EFFECTS = {
    "label_mix": Effect("Cohen’s w", 0.1, 0.3),
    "text_drift": Effect("Cliff’s delta", 0.147, 0.33),
}


@dataclass(frozen=True)
class Strip:
    """One finding over time."""

    name: str
    effect: str
    svg: Markup
    latest: str
    level: str


def drift_strips(columns: Columns) -> tuple[Strip, ...]:
    """One strip for each finding that has an effect size anywhere, in the findings' order."""
    windows = [window for group in columns.groups for window in group.windows]
    names = dict.fromkeys(
        found.name
        for window in windows
        for found in window.found.findings
        if found.effect is not None
    )
    return tuple(_strip(columns, name) for name in names)


def worst(group: Group, name: str) -> Finding | None:
    """The finding with the largest effect among a group's windows."""
    found = [
        one
        for window in group.windows
        if (one := measured(window, name)) is not None and one.effect is not None
    ]
    return max(found, key=lambda one: abs(one.effect or 0.0), default=None)


def significant(found: Finding) -> bool:
    """Whether chance alone hardly does it."""
    return found.p_value is not None and found.p_value < SIGNIFICANT


def _strip(columns: Columns, name: str) -> Strip:
    effect = EFFECTS.get(name, STABILITY)
    plot = Plot(f"{plain(name)}, {effect.name} by window", HEIGHT, 0, HEIGHT)
    latest, level = "none yet", LEVELS[0]
    for group in columns.groups:
        found = worst(group, name)
        if found is None or found.effect is None:
            last = finding(group.windows[-1], name)
            state, why = (last.state, last.why) if last else ("missing", "It was not looked for.")
            plot.cell("none", group.left, group.width, 9, 2, f"{who(group)}: {state}. {why}")
            continue
        level = LEVELS[effect.level(found.effect)]
        latest = f"{found.effect:.2f}, {level}"
        p = f", p = {found.p_value:.2g}" if found.p_value is not None else ""
        title = f"{who(group)}: {plain(name)} {effect.name} {found.effect:.3f}{p}"
        plot.cell(f"effect {level}", group.left, group.width, 0, 14, title)
        if significant(found):
            plot.cell("significant", group.left, group.width, 16, 3, "significant")
    return Strip(plain(name), effect.name, Markup(plot.svg()), latest, level)
