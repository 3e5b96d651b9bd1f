"""Alerts: verdicts open, repeat, worsen and resolve them; people acknowledge them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from nli_lifecycle.monitoring.alerting.events import AlertEvent, Kind, event_id
from nli_lifecycle.monitoring.alerting.verdicts import Verdict
from nli_lifecycle.monitoring.alerting.record import SEVERITIES, Record, Severity, rank
from nli_lifecycle.monitoring.alerting.state import Alert, State


class AlertError(ValueError):
    """An alert that cannot be acknowledged."""


class Noise(Record):
    """How alerts are kept from crying."""

    quiet_windows: int = Field(
        3, ge=1, description="quiet windows in a row before an alert is resolved"
    )
    remind_hours: float | None = Field(
        24, gt=0, description="an open alert that still fires is told again; null: never"
    )


#: Channel → the mildest severity it is told about.
Addressees = Mapping[str, Severity]


def react(
    state: State,
    verdicts: Sequence[Verdict],
    now: datetime,
    *,
    noise: Noise,
    to: Addressees,
) -> list[AlertEvent]:
    """Say what happens to alerts; what was seen before changes nothing.

    A firing verdict opens an alert or counts as one more; quiet ones in a row resolve it.
    An insufficient one does neither: it ends both rows. A pending one does nothing yet.

    Args:
        state: not changed.
        verdicts: of ``judge``, in their order.
        now: when it is written.
        noise: hysteresis and reminders.
        to: channels and what they want to hear.
    """
    draft = state.copy()
    events = []
    for verdict in verdicts:
        event = _event(draft, verdict, now, noise, to)
        if event:
            draft.add(event)
            events.append(event)
    return events


def retire(
    state: State, rules: Collection[str], digest: str | None, now: datetime, to: Addressees
) -> list[AlertEvent]:
    """Resolve alerts that no verdict will come for: of rules and models that are gone.

    Args:
        state: not changed.
        rules: names of all rules there are.
        digest: of the model that answers now; None: not known.
        now: when it is written.
        to: channels and what they want to hear.
    """
    events = []
    for alert in state.unresolved():
        if alert.rule not in rules:
            why = "there is no such rule any more"
        elif digest is not None and alert.digest != digest:
            why = "another model answers now"
        else:
            continue
        events.append(_about(alert, "resolved", now, to, by=why))
    return events


def acknowledge(
    state: State, alert: str, by: str, now: datetime, to: Addressees, reason: str = ""
) -> list[AlertEvent]:
    """Somebody knows: repeats are no longer told, and the alert asks for no action.

    Args:
        state: not changed.
        alert: its id.
        by: who acknowledges it.
        now: when it is written.
        to: channels and what they want to hear.
        reason: for people.

    Returns:
        No event where it was acknowledged before.

    Raises:
        AlertError: there is no such alert, it is resolved, or nobody is named.
    """
    found = state.alerts.get(alert)
    if not by.strip():
        raise AlertError("Say who acknowledges the alert.")
    if found is None:
        known = ", ".join(one.id for one in state.unresolved()) or "none"
        raise AlertError(f"There is no alert {alert!r}; unresolved: {known}.")
    if found.state == "resolved":
        raise AlertError(f"{alert} is resolved already ({found.by}): nothing to acknowledge.")
    if found.state == "acknowledged":
        return []
    return [_about(found, "acknowledged", now, to, by=by.strip(), reason=reason.strip())]


def addressed(to: Addressees, severity: Severity) -> tuple[str, ...]:
    """Channels that want to hear of that severity."""
    return tuple(name for name, mildest in to.items() if rank(severity) >= rank(mildest))


def _event(
    state: State, verdict: Verdict, now: datetime, noise: Noise, to: Addressees
) -> AlertEvent | None:
    alert = state.latest(verdict.rule, verdict.digest)
    if verdict.pending:
        return None
    if alert and (verdict.arrival, verdict.at) <= (alert.arrival, alert.at):
        return None
    if alert is None or alert.state == "resolved":
        return _open(state, verdict, now, to) if verdict.state == "firing" else None
    if verdict.state == "insufficient":
        return _seen(alert, "unsure", verdict, now, ())
    if verdict.state == "quiet":
        if alert.quiet + 1 < noise.quiet_windows:
            return _seen(alert, "calmed", verdict, now, ())
        why = f"{alert.quiet + 1} quiet windows in a row"
        return _seen(alert, "resolved", verdict, now, addressed(to, alert.severity), by=why)
    severity = max(alert.severity, _severity(verdict, alert.streak + 1), key=rank)
    if severity != alert.severity:
        told = addressed(to, severity)
        return _seen(alert, "worsened", verdict, now, told, severity=severity)
    due = (
        alert.state == "open"
        and noise.remind_hours is not None
        and now - alert.told >= timedelta(hours=noise.remind_hours)
    )
    told = addressed(to, severity) if due else ()
    return _seen(alert, "repeated", verdict, now, told)


def _open(state: State, verdict: Verdict, now: datetime, to: Addressees) -> AlertEvent:
    key = verdict.rule, verdict.digest
    number = 1 + sum((one.rule, one.digest) == key for one in state.alerts.values())
    name = f"{verdict.rule}-{verdict.digest[:12] or 'nobody'}-{number}"
    return AlertEvent(
        id=event_id(name, "opened", verdict.arrival, verdict.at),
        time=now,
        kind="opened",
        alert=name,
        rule=verdict.rule,
        model=verdict.model,
        version=verdict.version,
        digest=verdict.digest,
        severity=verdict.severity,
        labelled=verdict.labelled,
        window=verdict.window,
        arrival=verdict.arrival,
        at=verdict.at,
        sentence=verdict.sentence,
        to=addressed(to, verdict.severity),
    )


def _seen(
    alert: Alert,
    kind: Kind,
    verdict: Verdict,
    now: datetime,
    told: tuple[str, ...],
    *,
    severity: Severity | None = None,
    by: str = "",
) -> AlertEvent:
    return AlertEvent(
        id=event_id(alert.id, kind, verdict.arrival, verdict.at),
        time=now,
        kind=kind,
        alert=alert.id,
        rule=alert.rule,
        model=alert.model,
        version=alert.version,
        digest=alert.digest,
        severity=severity or alert.severity,
        labelled=verdict.labelled,
        window=verdict.window,
        arrival=verdict.arrival,
        at=verdict.at,
        sentence=verdict.sentence,
        to=told,
        by=by,
    )


def _about(
    alert: Alert, kind: Kind, now: datetime, to: Addressees, by: str, reason: str = ""
) -> AlertEvent:
    """An event that no verdict is behind."""
    shared = {"rule", "model", "version", "digest", "severity", "labelled", "window", "arrival"}
    return AlertEvent(
        id=event_id(alert.id, kind, by, now),
        time=now,
        kind=kind,
        alert=alert.id,
        at=alert.at,
        sentence=alert.sentence,
        to=addressed(to, alert.severity),
        by=by,
        reason=reason,
        **alert.model_dump(include=shared),
    )


def _severity(verdict: Verdict, streak: int) -> Severity:
    if verdict.escalate_after is None or streak < verdict.escalate_after:
        return verdict.severity
    return SEVERITIES[min(rank(verdict.severity) + 1, len(SEVERITIES) - 1)]
