"""What monitoring found as one HTML page: no server, no network, no script."""

from __future__ import annotations

from markupsafe import Markup

from nli_lifecycle.monitoring.report import MonitoringReport
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.report.monitoring.columns import laid_out
from nli_lifecycle.report.monitoring.drift import drift_strips
from nli_lifecycle.report.monitoring.listing import listed
from nli_lifecycle.report.monitoring.plot import SHAPES
from nli_lifecycle.report.monitoring.quality import quality_chart
from nli_lifecycle.report.monitoring.standing import (
    accuracies,
    answering,
    champion,
    standing,
    unresolved,
)
from nli_lifecycle.report.monitoring.traffic import traffic_chart, uneven
from nli_lifecycle.report.monitoring.words import lasted, plain, release, when
from nli_lifecycle.report.tables import Forest, Row
from nli_lifecycle.report.tracks import common_track
from nli_lifecycle.report.templates import templates

MOST_ROWS = 60  # of a table; older ones are counted, and in the document


def render_monitoring(report: MonitoringReport) -> str:
    """Write the page.

    Args:
        report: everything there is to see; it may be empty.

    Returns:
        HTML; the same report gives the same text.
    """
    page = templates()
    page.filters |= {"plain": plain, "when": when, "lasted": lasted, "release": release}
    columns = laid_out(report.windows)
    return page.get_template("monitoring/page.html.j2").render(
        report=report,
        standing=standing(report),
        unresolved=unresolved(report),
        accuracies=accuracies(report),
        answering=answering(report),
        champion=champion(report),
        columns=columns,
        shapes=Markup(SHAPES),
        quality=Markup(quality_chart(columns, report.releases)),
        traffic=Markup(traffic_chart(columns)),
        uneven=uneven(columns),
        drift=drift_strips(columns),
        slices=slices(report),
        unknown_slices=[one for one in report.slices if one.value is None],
        alerts=sorted(report.alerts, key=lambda one: one.opened, reverse=True)[:MOST_ROWS],
        actions=sorted(report.actions, key=lambda one: one.planned, reverse=True)[:MOST_ROWS],
        releases=report.releases[::-1][:MOST_ROWS],
        listed=[listed(window) for window in report.windows[::-1][:MOST_ROWS]],
        most=MOST_ROWS,
    )


def slices(report: MonitoringReport) -> Forest | None:
    """Lay out the slices that have a figure, worst first; None where there are none."""
    found = {
        one.name: (
            Interval(
                one.value,
                one.value if one.low is None else one.low,
                one.value if one.high is None else one.high,
            ),
            one.pairs,
        )
        for one in report.slices
        if one.value is not None
    }
    if not found:
        return None
    track = common_track(interval for interval, _ in found.values())
    rows = tuple(
        Row(
            name=name,
            note=f"{pairs:,} labelled pairs",
            text=f"{100 * interval.estimate:.1f}% "
            f"({100 * interval.lower:.1f} to {100 * interval.upper:.1f})",
            bar=track.bar(interval),
            worse=False,
        )
        for name, (interval, pairs) in sorted(found.items(), key=lambda one: one[1][0].estimate)
    )
    return Forest("realised accuracy, %", rows, tuple(track.ticks(100, signed=False)), None)
