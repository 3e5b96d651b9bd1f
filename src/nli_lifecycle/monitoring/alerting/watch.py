"""One round of alerting: judge, note, act, tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from pydantic import Field, model_validator

from nli_lifecycle.monitoring.alerting.acting import Acted, Effects, act
from nli_lifecycle.monitoring.alerting.actions import ActionPolicy
from nli_lifecycle.monitoring.alerting.alerts import Addressees, Noise, react, retire
from nli_lifecycle.monitoring.alerting.channels import (
    Channel,
    ChannelParameters,
    ExitCodes,
    LogParameters,
    exit_code,
)
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.events import Event, JudgedEvent, event_id
from nli_lifecycle.monitoring.alerting.judging import current, judge
from nli_lifecycle.monitoring.alerting.outbox import Delivered, deliver
from nli_lifecycle.monitoring.alerting.record import Record
from nli_lifecycle.monitoring.alerting.rules import Rule
from nli_lifecycle.monitoring.alerting.state import Alert, State
from nli_lifecycle.monitoring.alerting.verdicts import Verdict
from nli_lifecycle.monitoring.findings import WindowFindings


class AlertingParameters(Record):
    """Everything about alerting, as an environment's parameters give it."""

    rules: tuple[Rule, ...] = Field(min_length=1, description="what is watched for")
    noise: Noise = Field(default_factory=Noise)
    channels: tuple[ChannelParameters, ...] = Field(
        (LogParameters(),), description="where messages go"
    )
    exit_codes: ExitCodes = Field(default_factory=ExitCodes)
    actions: ActionPolicy = Field(default_factory=ActionPolicy)

    @model_validator(mode="after")
    def _names_are_known_once(self) -> AlertingParameters:
        rules = [rule.name for rule in self.rules]
        for what, names in (("rules", rules), ("channels", [one.name for one in self.channels])):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two {what} are called {', '.join(twice)}: rename one.")
        if unknown := sorted(set(self.actions.asked_by) - set(rules)):
            raise ValueError(
                f"actions.asked_by names {', '.join(unknown)}, which is no rule; "
                f"there are {', '.join(rules)}."
            )
        return self

    def addressees(self) -> Addressees:
        """Channels, and the mildest severity that each is told."""
        return {channel.name: channel.minimum for channel in self.channels}


class Watched(Record):
    """What one round came to."""

    verdicts: tuple[Verdict, ...] = Field(description="of each rule now, and of silences")
    alerts: tuple[Alert, ...] = Field(description="unresolved, oldest first")
    acted: Acted | None = Field(description="None: nothing can be done from here")
    delivered: Delivered
    exit_code: int


def watch(
    parameters: AlertingParameters,
    log: EventLog,
    history: Sequence[WindowFindings],
    *,
    clock: Callable[[], datetime],
    channels: Mapping[str, Channel],
    effects: Effects | None = None,
    last_row: datetime | None = None,
    watching_since: datetime | None = None,
) -> Watched:
    """Judge every window that no round has judged yet; open and resolve alerts; act; tell.

    A round that is cut off at any point is completed by the next one.

    Args:
        parameters: of alerting.
        log: the events so far.
        history: windows of findings, as many as the rules look back at, or more.
        clock: gives the time, with a zone.
        channels: of ``open_channels``.
        effects: what carries actions out; None: none are taken.
        last_row: time of the newest row in the inference log.
        watching_since: from when rows are expected.

    Raises:
        Busy: another round takes actions.
        LogDamaged, OSError: the event log cannot be read or written.
    """
    now = clock()
    judged = log.read().state.judged
    judging = partial(
        judge, parameters.rules, history, now, last_row=last_row, watching_since=watching_since
    )
    fresh = judging(after=judged)
    log.change(lambda state: _noted(state, parameters, history, fresh, now))
    acted: Acted | None = None
    try:
        if effects is not None:
            names = tuple(parameters.addressees())
            acted = act(log, parameters.actions, effects, clock, names)
    finally:
        delivered = deliver(log, channels, clock)
    alerts = tuple(log.read().state.unresolved())
    verdicts = judging()
    return Watched(
        verdicts=verdicts,
        alerts=alerts,
        acted=acted,
        delivered=delivered,
        exit_code=exit_code(parameters.exit_codes, alerts, verdicts),
    )


def _noted(
    state: State,
    parameters: AlertingParameters,
    history: Sequence[WindowFindings],
    verdicts: Sequence[Verdict],
    now: datetime,
) -> list[Event]:
    to = parameters.addressees()
    latest = current(history)
    digest = latest.digest if latest else None
    events: list[Event] = []
    events += retire(state, {rule.name for rule in parameters.rules}, digest, now, to)
    for event in events:
        state.add(event)
    events += react(state, verdicts, now, noise=parameters.noise, to=to)
    settled = {v.rule: v.arrival for v in verdicts if not v.pending and v.arrival >= 0}
    arrivals = {
        rule: arrival for rule, arrival in settled.items() if arrival > state.judged.get(rule, -1)
    }
    if arrivals:
        events.append(
            JudgedEvent(
                id=event_id("judged", sorted(arrivals.items())), time=now, arrivals=arrivals
            )
        )
    return events
