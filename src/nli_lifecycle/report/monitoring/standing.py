"""How it stands: in one sentence, who answers now, and how accurate that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nli_lifecycle.monitoring.alerting.record import rank
from nli_lifecycle.monitoring.alerting.state import Alert
from nli_lifecycle.monitoring.report import MonitoringReport, ReleaseMark, WindowShown
from nli_lifecycle.report.monitoring.columns import Figure, Group, finding, pooled
from nli_lifecycle.report.monitoring.words import percent, plain, with_interval

Tone = Literal["alarm", "unsure", "calm"]
QUALITY = ("realised_accuracy", "estimated_accuracy")


@dataclass(frozen=True)
class Standing:
    """The headline."""

    tone: Tone
    title: str
    said: str


@dataclass(frozen=True)
class Now:
    """An accuracy as last measured, or why there is none."""

    name: str
    value: str
    interval: str
    beside: str
    window: str
    measured: bool


def unresolved(report: MonitoringReport) -> list[Alert]:
    """Open alerts before acknowledged ones, the severest first, the oldest first."""
    found = [alert for alert in report.alerts if alert.state != "resolved"]
    return sorted(found, key=lambda a: (a.state != "open", -rank(a.severity), a.opened))


def standing(report: MonitoringReport) -> Standing:
    """Say it. That nothing is known is never said as if all were well."""
    alerts = unresolved(report)
    opened = [alert for alert in alerts if alert.state == "open"]
    if opened:
        severe = any(alert.severity == "critical" for alert in opened)
        count = "One open alert" if len(opened) == 1 else f"{len(opened)} open alerts"
        return Standing("alarm" if severe else "unsure", count, "What to do is said with each.")
    if not report.windows:
        return Standing("unsure", "Nothing measured yet", "There is no full window of the log.")
    if not any(now.measured for now in accuracies(report)):
        said = "No window of the model that answers has a figure of its accuracy; why: see below."
        return Standing("unsure", "Accuracy is not known", said)
    if alerts:
        said = "Somebody has taken on what is wrong; it is not over."
        return Standing("unsure", "Acknowledged alerts only", said)
    return Standing("calm", "No open alerts", "No rule that could be judged is broken.")


def answering(report: MonitoringReport) -> tuple[WindowShown, ...]:
    """Windows of the model of the highest epoch, since it answers, oldest first."""
    if not report.windows:
        return ()
    last = max(report.windows, key=lambda w: (w.found.epoch, w.found.last_arrival)).found
    began = max(
        (w.found.epoch for w in report.windows if w.found.digest != last.digest), default=-1
    )
    return tuple(
        w for w in report.windows if w.found.digest == last.digest and w.found.epoch > began
    )


def champion(report: MonitoringReport) -> ReleaseMark | None:
    """The last release that there was."""
    named = [mark for mark in report.releases if mark.version is not None]
    return max(named, key=lambda mark: mark.epoch, default=None)


def accuracies(report: MonitoringReport) -> tuple[Now, ...]:
    """Realised and estimated accuracy of the model that answers, as last measured."""
    return tuple(_now(answering(report), name) for name in QUALITY)


def _now(windows: tuple[WindowShown, ...], name: str) -> Now:
    words = plain(name).capitalize()
    for window in reversed(windows):
        figure = pooled(Group(0.0, 100.0, (window,)), name)
        if figure is not None:
            value, _, interval = with_interval(figure).partition(" ")
            pairs = f"window {window.found.window}, {figure.pairs:,} pairs"
            return Now(words, value, interval.strip("()"), _beside(figure), pairs, True)
    last = finding(windows[-1], name) if windows else None
    why = f"{last.state}. {last.why}" if last else "there is no window yet"
    return Now(words, "–", "", "", f"Not known: {why}", False)


def _beside(figure: Figure) -> str:
    if figure.reference is None:
        return "nothing is known of its release to compare with"
    points = 100 * (figure.value - figure.reference)
    said = f"{points:+.1f}".replace("-", "−")
    return f"{said} points from the release’s {percent(figure.reference)}"
