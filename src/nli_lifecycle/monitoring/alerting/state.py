"""State: what a sequence of events adds up to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from nli_lifecycle.monitoring.alerting.events import (
    ActionEvent,
    ActionName,
    AlertEvent,
    DeliveryEvent,
    Event,
    JudgedEvent,
)
from nli_lifecycle.monitoring.alerting.record import Moment, Record, Severity

Key = tuple[str, str]  # rule, digest


class EventError(ValueError):
    """An event that cannot follow those before it."""


class Alert(Record):
    """One alert; there is never more than one unresolved for a rule and a digest."""

    id: str
    rule: str
    model: str
    version: str
    digest: str
    state: Literal["open", "acknowledged", "resolved"]
    severity: Severity = Field(description="the worst it had")
    labelled: bool
    opened: Moment
    at: Moment = Field(description="of what was seen last")
    arrival: int
    window: int
    seen: Moment = Field(description="when its last verdict was given")
    told: Moment = Field(description="when people were last told")
    times: int = Field(ge=1, description="firing verdicts")
    streak: int = Field(ge=0, description="firing verdicts in a row")
    quiet: int = Field(ge=0, description="quiet verdicts in a row")
    sentence: str
    by: str = ""
    reason: str = Field("", description="given with the last acknowledgement")


class Action(Record):
    """One action; ``planned`` until it is known whether it took effect."""

    id: str
    action: ActionName
    state: Literal["planned", "done", "failed"]
    model: str
    version: str
    digest: str
    alerts: tuple[str, ...]
    reason: str
    dry_run: bool
    planned: Moment
    outcome: str = ""


class State:
    """Alerts, actions and what is owed to channels. Changed by ``add`` alone."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        """Replay.

        Raises:
            EventError: an event cannot follow those before it.
        """
        self.events: dict[str, Event] = {}
        self.alerts: dict[str, Alert] = {}  # id → alert, oldest first
        self.actions: dict[str, Action] = {}  # id → action, oldest first
        self.delivered: set[tuple[str, str]] = set()  # event, channel
        self.judged: dict[str, int] = {}  # rule → number of arrival
        self._latest: dict[Key, str] = {}
        for event in events:
            self.add(event)

    def copy(self) -> State:
        """A state of its own with the same content."""
        twin = State()
        twin.events, twin.alerts = dict(self.events), dict(self.alerts)
        twin.actions, twin.delivered = dict(self.actions), set(self.delivered)
        twin.judged, twin._latest = dict(self.judged), dict(self._latest)
        return twin

    def add(self, event: Event) -> None:
        """Take one more event; one that is known already changes nothing."""
        if event.id in self.events:
            return
        match event:
            case AlertEvent():
                self._alert(event)
            case ActionEvent():
                self._action(event)
            case DeliveryEvent():
                self.delivered.add((event.event, event.channel))
            case JudgedEvent():
                self.judged.update(event.arrivals)
        self.events[event.id] = event

    def latest(self, rule: str, digest: str) -> Alert | None:
        """The last alert of that rule and digest, resolved or not."""
        found = self._latest.get((rule, digest))
        return self.alerts[found] if found else None

    def unresolved(self) -> list[Alert]:
        """Open and acknowledged alerts, oldest first."""
        return [alert for alert in self.alerts.values() if alert.state != "resolved"]

    def owed(self) -> list[tuple[AlertEvent | ActionEvent, str]]:
        """The outbox: events and channels that have not taken them, oldest first."""
        return [
            (event, channel)
            for event in self.events.values()
            if isinstance(event, AlertEvent | ActionEvent)
            for channel in event.to
            if (event.id, channel) not in self.delivered
        ]

    def _alert(self, event: AlertEvent) -> None:
        known = self.latest(event.rule, event.digest)
        alive = known if known and known.state != "resolved" else None
        if event.kind == "opened":
            if alive or event.alert in self.alerts:
                raise EventError(f"{event.alert} opens, but there is {(alive or event).rule} open.")
            self._latest[event.rule, event.digest] = event.alert
            self.alerts[event.alert] = _opened(event)
        elif alive is None or alive.id != event.alert:
            raise EventError(f"{event.alert} is {event.kind}, but it is not open.")
        else:
            self.alerts[event.alert] = _changed(alive, event)

    def _action(self, event: ActionEvent) -> None:
        known = self.actions.get(event.action_id)
        if event.kind == "planned":
            if known:
                raise EventError(f"The action {event.action_id} is planned twice.")
            self.actions[event.action_id] = Action(
                id=event.action_id,
                state="planned",
                planned=event.time,
                **event.model_dump(
                    include={
                        *("action", "model", "version", "digest", "alerts", "reason", "dry_run")
                    }
                ),
            )
        elif known is None or known.state != "planned":
            raise EventError(f"The action {event.action_id} is {event.kind}, but was not planned.")
        else:
            update = {"state": event.kind, "outcome": event.outcome}
            self.actions[event.action_id] = known.model_copy(update=update)


def _opened(event: AlertEvent) -> Alert:
    return Alert(
        id=event.alert,
        rule=event.rule,
        model=event.model,
        version=event.version,
        digest=event.digest,
        state="open",
        severity=event.severity,
        labelled=event.labelled,
        opened=event.at,
        at=event.at,
        arrival=event.arrival,
        window=event.window,
        seen=event.time,
        told=event.time,
        times=1,
        streak=1,
        quiet=0,
        sentence=event.sentence,
    )


def _changed(alert: Alert, event: AlertEvent) -> Alert:
    if event.kind == "acknowledged":
        told = {"state": "acknowledged", "by": event.by, "reason": event.reason}
        return alert.model_copy(update=told)
    update: dict[str, object] = {
        "at": event.at,
        "seen": event.time,
        "arrival": event.arrival,
        "window": event.window,
        "severity": event.severity,
        "labelled": event.labelled,
    }
    if event.to:
        update["told"] = event.time
    fires = event.kind in ("repeated", "worsened")
    update["times"] = alert.times + fires
    update["streak"] = alert.streak + 1 if fires else 0
    update["quiet"] = alert.quiet + 1 if event.kind in ("calmed", "resolved") else 0
    if fires:
        update["sentence"] = event.sentence
    if event.kind == "worsened":
        update["state"] = "open"  # it was not this that was acknowledged
    if event.kind == "resolved":
        update |= {"state": "resolved", "by": event.by}
    return alert.model_copy(update=update)
