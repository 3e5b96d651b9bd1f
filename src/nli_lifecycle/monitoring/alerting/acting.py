"""Acting: planned actions are recorded, carried out once, and settled after a crash."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

from nli_lifecycle.monitoring.alerting.actions import ActionPolicy, Plan, PlannedAction, plan
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.events import ActionEvent, event_id
from nli_lifecycle.monitoring.alerting.record import Record
from nli_lifecycle.monitoring.alerting.state import Action, State

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
_LOGIN = re.compile(r"(?<=://)[^/\s@]+(?=@)")


class Effects(Protocol):
    """What actions do to the world; implemented where the ledger and the jobs are.

    ``reason`` ends with ``[action <id>]``. Each may raise; ``happened`` then says what is true.
    """

    def freeze(self, reason: str, action: PlannedAction) -> None:
        """Hold promotions. Frozen already is no error."""

    def rollback(self, reason: str, action: PlannedAction) -> None:
        """Return to the last good version, if ``action.digest`` is still champion; else raise."""

    def retrain(self, reason: str, action: PlannedAction) -> None:
        """Start a training run."""

    def happened(self, action_id: str) -> bool:
        """Whether the action of that id took effect, or is under way."""


class Acted(Record):
    """What one run has done.

    Attributes:
        settled: ids of earlier actions of which it is known now what became of them.
        unsettled: ids of those where it is not; nothing of their kind is done meanwhile.
        plan: what was decided, with what was withheld and why.
        outcomes: action id → done, failed, or planned where that is not known.
    """

    settled: tuple[str, ...]
    unsettled: tuple[str, ...]
    plan: Plan
    outcomes: dict[str, Literal["planned", "done", "failed"]]


def act(
    log: EventLog, policy: ActionPolicy, effects: Effects, clock: Clock, to: tuple[str, ...] = ()
) -> Acted:
    """Settle what an earlier run left open, then take the actions that alerts ask for.

    Each is recorded as planned before, and as done or failed after: in between a process may die.

    Args:
        log: alerts and actions so far.
        policy: what may be done.
        effects: what does it.
        clock: gives the time, with a zone.
        to: channels that are told what was done.

    Raises:
        Busy: another run takes actions.
        LogDamaged, OSError: the event log cannot be read or written.
    """
    with log.alone():
        left = [one for one in log.read().state.actions.values() if one.state == "planned"]
        settled = [one.id for one in left if _settle(log, one, effects, clock, to)]
        state = log.read().state
        decided = _decide(policy, state, clock())
        outcomes: dict[str, Literal["planned", "done", "failed"]] = {}
        for action in decided.planned:
            if _record(log, policy, action, clock, to):
                if not action.dry_run:
                    _carry_out(log, action, effects, clock, to)
                outcomes[action.id] = log.read().state.actions[action.id].state
    return Acted(
        settled=tuple(settled),
        unsettled=tuple(one.id for one in left if one.id not in settled),
        plan=decided,
        outcomes=outcomes,
    )


def _decide(policy: ActionPolicy, state: State, now: datetime) -> Plan:
    return plan(policy, state.unresolved(), list(state.actions.values()), now)


def _settle(
    log: EventLog, action: Action, effects: Effects, clock: Clock, to: tuple[str, ...]
) -> bool:
    """Find out what became of an action whose process died; False: cannot be found out now."""
    return _find_out(log, action, effects, clock, to, "Interrupted before it took effect.")


def _record(
    log: EventLog, policy: ActionPolicy, action: PlannedAction, clock: Clock, to: tuple[str, ...]
) -> bool:
    """Record it as planned, if it is still asked for: somebody may just have acknowledged."""

    def decide(state: State) -> list[ActionEvent]:
        now = clock()
        if action.id not in {one.id for one in _decide(policy, state, now).planned}:
            return []
        events = [_event("planned", action, now)]
        if action.dry_run:
            events.append(_event("done", action, now, "Dry run: nothing was done.", to))
        return events

    return action.id in log.change(decide).actions


def _carry_out(
    log: EventLog, action: PlannedAction, effects: Effects, clock: Clock, to: tuple[str, ...]
) -> None:
    do = {"freeze": effects.freeze, "rollback": effects.rollback, "retrain": effects.retrain}
    try:
        do[action.action](action.reason, action)
    except Exception as error:
        logger.exception("%s failed", action.id)
        _find_out(log, action, effects, clock, to, _said(error))
    else:
        _close(log, "done", action, clock, "Done.", to)


def _find_out(
    log: EventLog,
    action: Action | PlannedAction,
    effects: Effects,
    clock: Clock,
    to: tuple[str, ...],
    failure: str,
) -> bool:
    try:
        happened = effects.happened(action.id)
    except Exception:
        logger.exception("whether %s took effect cannot be found out now", action.id)
        return False
    if happened:
        _close(log, "done", action, clock, f"Found to have taken effect. {failure}", to)
    else:
        _close(log, "failed", action, clock, failure, to)
    return True


def _close(
    log: EventLog,
    kind: Literal["done", "failed"],
    action: Action | PlannedAction,
    clock: Clock,
    outcome: str,
    to: tuple[str, ...],
) -> None:
    log.change(lambda _: [_event(kind, action, clock(), outcome, to)])


def _event(
    kind: Literal["planned", "done", "failed"],
    action: Action | PlannedAction,
    now: datetime,
    outcome: str = "",
    to: tuple[str, ...] = (),
) -> ActionEvent:
    return ActionEvent(
        id=event_id(action.id, kind),
        time=now,
        kind=kind,
        action_id=action.id,
        action=action.action,
        model=action.model,
        version=action.version,
        digest=action.digest,
        alerts=action.alerts,
        reason=action.reason,
        dry_run=action.dry_run,
        outcome=outcome,
        to=to,
    )


def _said(error: Exception) -> str:
    """The first line of an error, without logins of addresses."""
    lines = str(error).strip().splitlines() or [""]
    return _LOGIN.sub("***", f"{type(error).__name__}: {lines[0][:300]}")
