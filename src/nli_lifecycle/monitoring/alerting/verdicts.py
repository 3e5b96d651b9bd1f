"""Verdicts: what a rule says at one time, as a sentence for people too."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Literal

from pydantic import Field

from nli_lifecycle.monitoring.alerting.breaches import Breach
from nli_lifecycle.monitoring.alerting.record import Moment, Record, Severity, said
from nli_lifecycle.monitoring.alerting.rules import Rule
from nli_lifecycle.monitoring.findings import WindowFindings

Outcome = Literal["firing", "quiet", "insufficient"]


class Verdict(Record):
    """What one rule says at one time about one model.

    ``insufficient`` is not ``quiet``: nobody knows, and the sentence says why.
    """

    rule: str
    state: Outcome
    severity: Severity
    escalate_after: int | None = Field(None, description="firing verdicts in a row; null: never")
    model: str
    version: str
    digest: str = Field(description="identity of the bytes; empty: no model was ever seen")
    window: int = Field(description="number of the latest window; -1: there is none")
    arrival: int = Field(description="the window's last number of arrival; -1: there is none")
    at: Moment = Field(description="the window's end; of a silence, the time of judging")
    since: Moment | None = Field(None, description="begin of the first window in breach")
    value: float | None = None
    bound: float | None = None
    labelled: bool = Field(description="rests on labels that people gave")
    pending: bool = Field(False, description="insufficient, but what is missing may still come")
    sentence: str


def of_window(
    rule: Rule,
    outcome: Outcome,
    window: WindowFindings,
    shown: Breach,
    count: int,
    since: datetime | None,
    *,
    pending: bool,
) -> Verdict:
    """The verdict of one window.

    Args:
        rule: any.
        outcome: of the n of m windows that end here.
        window: the last of them.
        shown: the breach whose figures are said.
        count: how many of the m are in breach.
        since: begin of the first of them; None where it does not fire.
        pending: whether what is missing may still come.
    """
    return Verdict(
        rule=rule.name,
        state=outcome,
        severity=rule.severity,
        escalate_after=rule.escalate_after,
        model=window.model,
        version=window.version,
        digest=window.digest,
        window=window.window,
        arrival=window.last_arrival,
        at=utc(window.end),
        since=since,
        value=shown.value,
        bound=shown.bound,
        labelled=rule.labelled,
        pending=pending,
        sentence=f"{who(window)}: {_says(rule, outcome, window, shown, count, since)}",
    )


def unjudged(rule: Rule, now: datetime, why: str, latest: WindowFindings | None = None) -> Verdict:
    """The verdict where there is nothing to judge."""
    return Verdict(
        rule=rule.name,
        state="insufficient",
        severity=rule.severity,
        escalate_after=rule.escalate_after,
        model=latest.model if latest else "",
        version=latest.version if latest else "",
        digest=latest.digest if latest else "",
        window=latest.window if latest else -1,
        arrival=latest.last_arrival if latest else -1,
        at=now,
        labelled=rule.labelled,
        sentence=f"{who(latest)}: not judged: {why}.",
    )


def who(latest: WindowFindings | None) -> str:
    """The model that a sentence is about."""
    return f"{latest.model} version {latest.version}" if latest else "no model yet"


def utc(moment: datetime) -> datetime:
    """The log's times are UTC, whether they say so or not."""
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return zoned.astimezone(timezone.utc)


def _says(
    rule: Rule,
    outcome: Outcome,
    window: WindowFindings,
    shown: Breach,
    count: int,
    since: datetime | None,
) -> str:
    m = rule.n_of_m.m
    number = window.window
    windows = f"in {count} of the {m} windows up to {number}" if m > 1 else f"in window {number}"
    if since is not None:
        return f"{shown.figures}; {windows}, since {said(since)}. {rule.sentence}"
    if outcome == "quiet":
        return f"window {number} is within the rule {rule.name}: {shown.figures}."
    if shown.state == "unknown":
        return f"not judged: {shown.figures}."
    return f"not judged yet: in breach {windows}, others unknown; here, {shown.figures}."
