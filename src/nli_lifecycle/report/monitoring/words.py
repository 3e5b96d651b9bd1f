"""Figures and moments as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta

from nli_lifecycle.monitoring.alerting.record import said
from nli_lifecycle.monitoring.alerting.verdicts import utc
from nli_lifecycle.monitoring.report import ReleaseMark
from nli_lifecycle.report.monitoring.columns import Figure, Group


def percent(share: float) -> str:
    """For example 88.4%."""
    return f"{100 * share:.1f}%"


def with_interval(figure: Figure) -> str:
    """For example 88.4% (86.0 to 90.5)."""
    if figure.low is None or figure.high is None:
        return percent(figure.value)
    return f"{percent(figure.value)} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def tick(moment: datetime, span: timedelta) -> str:
    """A time on an axis of that span: 11-26 14:05, or 2026-11-26; UTC."""
    return f"{moment:%Y-%m-%d}" if span > timedelta(days=200) else f"{moment:%m-%d %H:%M}"


def when(moment: datetime) -> str:
    """To the minute, UTC."""
    return said(utc(moment))


def lasted(span: timedelta) -> str:
    """For example 3.5 h."""
    minutes = max(0.0, span.total_seconds() / 60)
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    if minutes < 90:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.1f} h"
    return f"{minutes / 60 / 24:.1f} days"


def plain(name: str) -> str:
    """A finding's or a rule's name as words."""
    return name.replace("_", " ")


def who(group: Group) -> str:
    """The windows of a group, by whom and when."""
    first, last = group.windows[0].found, group.windows[-1].found
    if first is last:
        return f"Window {first.window}, version {first.version}, from {when(first.begin)}"
    return (
        f"{len(group.windows)} windows, {first.window} to {last.window}, version {last.version}, "
        f"{when(first.begin)} to {when(last.end)}"
    )


def release(mark: ReleaseMark) -> str:
    """For example rollback to v3."""
    if mark.kind in ("freeze", "unfreeze") or mark.version is None:
        return mark.kind
    return (
        f"{mark.kind} to v{mark.version}"
        if mark.kind == "rollback"
        else f"{mark.kind} v{mark.version}"
    )
