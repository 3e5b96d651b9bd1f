"""A window as one line of a table."""

from __future__ import annotations

from dataclasses import dataclass

from nli_lifecycle.monitoring.report import WindowShown
from nli_lifecycle.report.monitoring.columns import Group, finding, pooled
from nli_lifecycle.report.monitoring.drift import significant
from nli_lifecycle.report.monitoring.words import plain, when, with_interval


@dataclass(frozen=True)
class Line:
    """What the table says of a window."""

    window: int
    version: str
    begin: str
    pairs: int
    realised: str
    estimated: str
    moved: str
    rang: str
    run_id: str


def listed(window: WindowShown) -> Line:
    """Put a window into words."""
    found = window.found
    moved = [one for one in found.findings if one.effect is not None and significant(one)]
    return Line(
        window=found.window,
        version=found.version,
        begin=when(found.begin),
        pairs=found.pairs,
        realised=_accuracy(window, "realised_accuracy"),
        estimated=_accuracy(window, "estimated_accuracy"),
        moved=", ".join(f"{plain(one.name)} {one.effect:.2f}" for one in moved),
        rang=", ".join(map(plain, window.alarms)),
        run_id=window.run_id or "",
    )


def _accuracy(window: WindowShown, name: str) -> str:
    figure = pooled(Group(0.0, 100.0, (window,)), name)
    if figure is not None:
        return with_interval(figure)
    found = finding(window, name)
    return found.state if found is not None and found.state != "measured" else "missing"
