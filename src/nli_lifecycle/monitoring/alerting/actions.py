"""Actions: which of them alerts ask for, and what speaks against taking one now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

from pydantic import Field

from nli_lifecycle.monitoring.alerting.events import ActionName
from nli_lifecycle.monitoring.alerting.record import Record, said
from nli_lifecycle.monitoring.alerting.state import Action, Alert

ACTIONS: tuple[ActionName, ...] = get_args(ActionName)  # in the order they are taken
DAY = timedelta(hours=24)


class Limit(Record):
    """How sure, and how often."""

    after_windows: int = Field(2, ge=1, description="the alert has fired so often in a row")
    cool_down_hours: float = Field(24, ge=0, description="since it was last done")
    maximum_per_day: int = Field(1, ge=0, description="attempts in 24 hours; 0: never")


class ActionPolicy(Record):
    """What is done without asking anybody."""

    dry_run: bool = Field(True, description="plan, record and tell, but do nothing")
    asked_by: dict[str, tuple[Literal["notify", "freeze", "rollback", "retrain"], ...]] = Field(
        default_factory=dict,
        description="alert rule → what it asks for; every alert notifies, named here or not",
    )
    freeze: Limit = Field(default_factory=lambda: Limit(after_windows=1))
    rollback: Limit = Field(default_factory=lambda: Limit(after_windows=2, cool_down_hours=72))
    retrain: Limit = Field(default_factory=lambda: Limit(after_windows=3, cool_down_hours=72))
    fresh_hours: float = Field(
        24, gt=0, description="an alert whose last verdict is older asks for nothing"
    )
    rollback_on_estimates: bool = Field(
        False, description="roll back though no alert that rests on people's labels is firing"
    )

    def limit(self, action: ActionName) -> Limit:
        """The limit of one action."""
        return {"freeze": self.freeze, "rollback": self.rollback, "retrain": self.retrain}[action]


class PlannedAction(Record):
    """An action to take now.

    Attributes:
        id: the same for the same attempt; whoever carries it out keeps it.
        reason: for people; ends with the id, for stores that keep nothing else.
    """

    id: str
    action: ActionName
    model: str
    version: str
    digest: str
    alerts: tuple[str, ...]
    reason: str
    dry_run: bool


class Withheld(Record):
    """An action that an alert asks for and that is not taken now."""

    action: ActionName
    alerts: tuple[str, ...]
    why: str


class Plan(Record):
    """What is to be done, and what is not, each with its reason."""

    planned: tuple[PlannedAction, ...] = ()
    withheld: tuple[Withheld, ...] = ()


def plan(
    policy: ActionPolicy, alerts: Sequence[Alert], past: Iterable[Action], now: datetime
) -> Plan:
    """Decide; at most one of each action at a time.

    Args:
        policy: what may be done.
        alerts: unresolved ones. One whose last verdict was insufficient has no row of firing
            verdicts, and asks for nothing; neither does one that is acknowledged.
        past: every action so far. Dry runs hold up dry runs only.
        now: with a zone.
    """
    counted = [one for one in past if policy.dry_run or not one.dry_run]
    planned: list[PlannedAction] = []
    withheld: list[Withheld] = []
    for action in ACTIONS:
        askers = [alert for alert in alerts if action in policy.asked_by.get(alert.rule, ())]
        ready = []
        for alert in askers:
            if why := _unready(policy, action, alert, alerts, counted, now):
                withheld.append(Withheld(action=action, alerts=(alert.id,), why=why))
            else:
                ready.append(alert)
        for digest in dict.fromkeys(alert.digest for alert in ready):
            group = [alert for alert in ready if alert.digest == digest]
            why = next(_against(policy.limit(action), action, digest, counted, now), "")
            if not why and any(one.action == action for one in planned):
                why = f"one {action} at a time"
            if why:
                names = tuple(alert.id for alert in group)
                withheld.append(Withheld(action=action, alerts=names, why=why))
            else:
                planned.append(_planned(action, group, past, policy.dry_run))
    return Plan(planned=tuple(planned), withheld=tuple(withheld))


def _unready(
    policy: ActionPolicy,
    action: ActionName,
    alert: Alert,
    alerts: Sequence[Alert],
    past: Sequence[Action],
    now: datetime,
) -> str:
    """Why this alert does not count, empty where it does."""
    needed = policy.limit(action).after_windows
    if not alert.digest:
        return "no model is known to act on"
    if alert.state == "acknowledged":
        return f"acknowledged by {alert.by}, who decides"
    if alert.state == "resolved":
        return "resolved"
    if alert.streak < needed:
        return f"firing verdicts in a row: {alert.streak}; {action} asks for {needed}"
    if now - alert.seen > timedelta(hours=policy.fresh_hours):
        return f"nothing was seen since {said(alert.seen)}"
    for one in past:
        if one.action == action and alert.id in one.alerts and one.state != "failed":
            return f"answered by {one.id}"
    supported = any(
        other.labelled and other.digest == alert.digest and other.streak > 0 for other in alerts
    )
    if action == "rollback" and not (supported or policy.rollback_on_estimates):
        return "rests on estimates alone, and no alert on people's labels is firing"
    return ""


def _against(
    limit: Limit, action: ActionName, digest: str, past: Sequence[Action], now: datetime
) -> Iterator[str]:
    """Everything that speaks against the action now."""
    same = [one for one in past if one.action == action]
    for one in same:
        if one.state == "planned":
            yield f"whether {one.id} took effect is not known yet"
        if action == "rollback" and one.digest == digest and one.state == "done":
            yield f"this digest was rolled back from on {said(one.planned)} ({one.id})"
    done = [one.planned for one in same if one.state == "done"]
    free = max(done) + timedelta(hours=limit.cool_down_hours) if done else now
    if free > now:
        yield f"last done on {said(max(done))}; cools down until {said(free)}"
    today = sum(now - one.planned < DAY for one in same)
    if today >= limit.maximum_per_day:
        yield f"{today} attempts in 24 hours, and {limit.maximum_per_day} are allowed"


def _planned(
    action: ActionName, group: Sequence[Alert], past: Iterable[Action], dry_run: bool
) -> PlannedAction:
    first = group[0]
    stem = f"{action}-{first.id}" + ("-dry" if dry_run else "")
    number = 1 + sum(one.id.rpartition("-")[0] == stem for one in past)
    name = f"{stem}-{number}"
    facts = " ".join(
        f"{alert.id} (firing verdicts in a row: {alert.streak}): {alert.sentence}"
        for alert in group
    )
    return PlannedAction(
        id=name,
        action=action,
        model=first.model,
        version=first.version,
        digest=first.digest,
        alerts=tuple(alert.id for alert in group),
        reason=f"{facts} [action {name}]",
        dry_run=dry_run,
    )
