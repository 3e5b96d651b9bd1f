"""A round of monitoring in one glance, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape

from nli_lifecycle.monitoring.alerting.watch import Watched
from nli_lifecycle.monitoring.findings import Finding, WindowFindings
from nli_lifecycle.monitoring.report import MonitoringReport

STYLE = {"info": "cyan", "warning": "yellow", "critical": "red"}
FIGURES = ("estimated_accuracy", "realised_accuracy")


def summarise_round(report: MonitoringReport, watched: Watched) -> dict[str, Any]:
    """Collect what a terminal shows; for people and for ``summary.json``.

    Args:
        report: of the round.
        watched: what alerting came to.
    """
    windows = [one.found for one in report.windows]
    latest = windows[-1] if windows else None
    states = [verdict.state for verdict in watched.verdicts]
    outcomes = watched.acted.outcomes if watched.acted else {}
    return {
        "rows": report.account.rows,
        "waiting": report.account.waiting,
        "labelled": report.account.labelled,
        "windows": len(windows),
        "latest": f"window {latest.window}, version {latest.version}" if latest else None,
        "figures": [said for name in FIGURES if (said := _latest(windows, name))],
        "rules": {state: states.count(state) for state in ("firing", "quiet", "insufficient")},
        "alerts": [
            {"severity": alert.severity, "state": alert.state, "sentence": alert.sentence}
            for alert in watched.alerts
        ],
        "actions": [
            f"{one.id}: {one.state}{' (dry run)' if one.dry_run else ''}"
            for one in report.actions
            if one.id in outcomes
        ],
        "notes": list(report.notes),
        "exit_code": watched.exit_code,
    }


def lines(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what ``summarise_round`` collected as lines of a terminal: a head and a text."""
    yield (
        "Log",
        f"{summary['rows']:,} rows read so far, {summary['waiting']:,} of them in unfinished "
        f"windows; {summary['labelled']:,} pairs labelled",
    )
    latest = f", the latest: {summary['latest']}" if summary["latest"] else ""
    yield "Windows", f"{summary['windows']:,} kept{latest}"
    for figure in summary["figures"]:
        yield "", figure
    yield "Rules", ", ".join(f"{count} {state}" for state, count in summary["rules"].items())
    for alert in summary["alerts"]:
        head = f"[{STYLE[alert['severity']]}]{alert['severity']}, {alert['state']}:[/]"
        yield "Alert", f"{head} {escape(alert['sentence'])}"
    for action in summary["actions"]:
        yield "Action", escape(action)
    for note in summary["notes"]:
        yield "Note", escape(note)
    if summary["exit_code"]:
        yield "Exit code", f"{summary['exit_code']}, by the worst open alert"


def _latest(windows: list[WindowFindings], name: str) -> str:
    """The latest window that has a figure, as a line; empty: none has."""
    for window in reversed(windows):
        for one in window.findings:
            if one.name == name and one.state == "measured":
                return f"{name.replace('_', ' ')} {_figure(one)}, window {window.window}"
    return ""


def _figure(one: Finding) -> str:
    between = f" ({one.low:.1%} to {one.high:.1%})" if one.low is not None and one.high else ""
    reference = f", at the release {one.reference:.1%}" if one.reference is not None else ""
    return f"{one.value:.1%}{between}{reference}"
