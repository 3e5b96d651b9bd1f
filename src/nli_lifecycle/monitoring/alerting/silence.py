"""Silence: no rows at all, which no window can show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from nli_lifecycle.monitoring.alerting.record import said
from nli_lifecycle.monitoring.alerting.rules import DeadManRule
from nli_lifecycle.monitoring.alerting.verdicts import Verdict, unjudged, utc, who
from nli_lifecycle.monitoring.findings import WindowFindings


def silence(
    rule: DeadManRule,
    latest: WindowFindings | None,
    now: datetime,
    newest: datetime | None,
    watching_since: datetime | None,
) -> Iterator[Verdict]:
    """Yield a verdict of the time of judging, where the rows' silence, or their absence, asks it.

    Args:
        rule: how long nothing may come.
        latest: window of the model that answers now.
        now: with a zone.
        newest: time of the newest row; None: there has never been one.
        watching_since: from when rows are expected.
    """
    start = newest or (utc(watching_since) if watching_since else None)
    if start is None:
        yield unjudged(rule, now, "no row was ever seen, and nobody said since when to expect any")
    elif rule.silent_minutes is None:
        if latest is None:
            yield unjudged(rule, now, "no window was measured yet")
    elif start - now > timedelta(minutes=rule.skew_minutes):
        ahead = (start - now).total_seconds() / 60
        why = f"the newest row is from {ahead:.0f} minutes ahead of now; set the clocks"
        yield unjudged(rule, now, why, latest)
    elif now - start > timedelta(minutes=rule.silent_minutes):
        minutes = (now - start).total_seconds() / 60
        figures = (
            f"no row for {minutes:.0f} minutes, where {rule.silent_minutes:g} are allowed; "
            f"since {said(start)}. {rule.sentence}"
        )
        yield unjudged(rule, now, "", latest).model_copy(
            update={
                "state": "firing",
                "since": start,
                "value": minutes,
                "bound": rule.silent_minutes,
                "sentence": f"{who(latest)}: {figures}",
            }
        )
    elif latest is None:
        yield unjudged(rule, now, "no window was measured yet")
