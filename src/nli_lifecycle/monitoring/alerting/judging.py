"""Judging: rules and the history of findings give a verdict per rule and window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Literal

from pydantic import Field

from nli_lifecycle.monitoring.alerting.breaches import Breach, look
from nli_lifecycle.monitoring.alerting.record import Moment, Record, Severity, said
from nli_lifecycle.monitoring.alerting.rules import DeadManRule, Rule
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
    sentence: str


def judge(
    rules: Sequence[Rule],
    history: Sequence[WindowFindings],
    now: datetime,
    *,
    after: int | None = None,
    last_row: datetime | None = None,
    watching_since: datetime | None = None,
) -> tuple[Verdict, ...]:
    """Judge the model that answers now: the one of the highest epoch.

    Args:
        rules: any, with different names.
        history: windows in any order, of any models; of the same window twice, the last counts.
        now: with a zone.
        after: number of arrival; verdicts are given for every window that ends later. None: for
            the latest one only.
        last_row: time of the newest row that the log has, where windows do not show it yet.
        watching_since: from when rows are expected, while there has never been one.

    Returns:
        Verdicts by window, then by rule. No windows at all is "insufficient", or a silence.

    Raises:
        ValueError: ``now`` has no zone, or two rules have one name.
    """
    if now.tzinfo is None:
        raise ValueError("'now' says no time zone: give datetime.now(timezone.utc).")
    names = [rule.name for rule in rules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Two rules are called {', '.join(twice)}: an alert goes by its name.")
    windows = _of_current_model(history)
    rows = [_utc(window.end) for window in history]
    newest = max([*rows, *([_utc(last_row)] if last_row else [])], default=None)
    verdicts: list[Verdict] = []
    for rule in rules:
        if windows:
            first = windows[-1].last_arrival if after is None else after + 1
            verdicts += (one for one in _by_window(rule, windows) if one.arrival >= first)
        elif not isinstance(rule, DeadManRule):
            verdicts.append(_nothing(rule, now, "no window was measured yet"))
        if isinstance(rule, DeadManRule):
            verdicts += _silence(rule, windows, now, newest, watching_since)
    return tuple(sorted(verdicts, key=lambda one: (one.arrival, one.at, names.index(one.rule))))


def current(history: Sequence[WindowFindings]) -> WindowFindings | None:
    """The latest window of the model that answers now; None: nothing was measured yet."""
    return max(history, key=_age, default=None)


def _age(window: WindowFindings) -> tuple[int, int]:
    return window.epoch, window.last_arrival


def _of_current_model(history: Sequence[WindowFindings]) -> list[WindowFindings]:
    """Windows since that model answers: after a rollback, not those of its first time."""
    latest = current(history)
    if latest is None:
        return []
    others = [_age(window) for window in history if window.digest != latest.digest]
    own = {
        _age(window): window
        for window in history
        if window.digest == latest.digest and (not others or _age(window) > max(others))
    }
    return [own[age] for age in sorted(own)]


def _by_window(rule: Rule, windows: Sequence[WindowFindings]) -> Iterator[Verdict]:
    """A verdict for each window, from the n of m that end with it."""
    breaches: list[Breach] = []
    since: datetime | None = None
    for place, window in enumerate(windows):
        breaches.append(look(rule, windows[: place + 1]))
        outcome, count = _outcome(rule, breaches)
        recent = windows[max(0, place + 1 - rule.n_of_m.m) : place + 1]
        if outcome != "firing":
            since = None
        elif since is None:
            states = breaches[-len(recent) :]
            since = min(w.begin for w, b in zip(recent, states) if b.state == "breached")
        shown = breaches[-1]
        if outcome == "firing" and shown.state == "clear":
            shown = next(one for one in reversed(breaches) if one.state == "breached")
        yield Verdict(
            rule=rule.name,
            state=outcome,
            severity=rule.severity,
            escalate_after=rule.escalate_after,
            model=window.model,
            version=window.version,
            digest=window.digest,
            window=window.window,
            arrival=window.last_arrival,
            at=_utc(window.end),
            since=_utc(since) if since else None,
            value=shown.value,
            bound=shown.bound,
            labelled=rule.labelled,
            sentence=_sentence(rule, outcome, window, shown, count, since),
        )


def _outcome(rule: Rule, breaches: Sequence[Breach]) -> tuple[Outcome, int]:
    """Quiet only where no unknown window could make it firing."""
    n, m = rule.n_of_m.n, rule.n_of_m.m
    states = [one.state for one in breaches[-m:]]
    count = states.count("breached")
    unknown = m - count - states.count("clear")
    if states[-1] == "unknown":
        return "insufficient", count
    if count >= n:
        return "firing", count
    return ("insufficient" if count + unknown >= n else "quiet"), count


def _sentence(
    rule: Rule,
    outcome: Outcome,
    window: WindowFindings,
    shown: Breach,
    count: int,
    since: datetime | None,
) -> str:
    who = f"{window.model} version {window.version}"
    if outcome == "firing":
        assert since is not None
        return (
            f"{who}: {shown.figures}; in {count} of the last {rule.n_of_m.m} windows, "
            f"since {said(_utc(since))}. {rule.sentence}"
        )
    if outcome == "insufficient" and shown.state != "unknown":
        return (
            f"{who}: not judged yet: {count} of the last {rule.n_of_m.m} windows in breach, "
            f"others unknown. {shown.figures[:1].upper()}{shown.figures[1:]}."
        )
    if outcome == "insufficient":
        return f"{who}: not judged: {shown.figures}."
    return f"{who}: within the rule {rule.name} in window {window.window}."


def _silence(
    rule: DeadManRule,
    windows: Sequence[WindowFindings],
    now: datetime,
    newest: datetime | None,
    watching_since: datetime | None,
) -> Iterator[Verdict]:
    """At most one verdict, of the time of judging."""
    latest = windows[-1] if windows else None
    start = newest or (_utc(watching_since) if watching_since else None)
    if start is None:
        yield _nothing(
            rule, now, "no row was ever seen, and since when rows are expected is unknown"
        )
    elif rule.silent_minutes is None:
        if latest is None:
            yield _nothing(rule, now, "no window was measured yet")
    elif start - now > timedelta(minutes=rule.skew_minutes):
        ahead = (start - now).total_seconds() / 60
        why = f"the newest row is {ahead:.0f} minutes from now: set the services' clocks"
        yield _nothing(rule, now, why, latest)
    elif now - start > timedelta(minutes=rule.silent_minutes):
        minutes = (now - start).total_seconds() / 60
        figures = (
            f"no row for {minutes:.0f} minutes, where {rule.silent_minutes:g} are allowed; "
            f"since {said(start)}. {rule.sentence}"
        )
        yield _nothing(rule, now, figures, latest).model_copy(
            update={
                "state": "firing",
                "since": start,
                "value": minutes,
                "bound": rule.silent_minutes,
                "sentence": f"{_who(latest)}: {figures}",
            }
        )
    elif latest is None:
        yield _nothing(rule, now, "no window was measured yet")


def _nothing(rule: Rule, now: datetime, why: str, latest: WindowFindings | None = None) -> Verdict:
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
        sentence=f"{_who(latest)}: not judged: {why}.",
    )


def _who(latest: WindowFindings | None) -> str:
    return f"{latest.model} version {latest.version}" if latest else "no model yet"


def _utc(moment: datetime) -> datetime:
    """The log's times are UTC, whether they say so or not."""
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return zoned.astimezone(timezone.utc)
