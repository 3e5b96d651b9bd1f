"""The outbox: what channels are owed is in the event log until they have taken it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from nli_lifecycle.monitoring.alerting.channels import Channel
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.events import DeliveryEvent, event_id
from nli_lifecycle.monitoring.alerting.messages import message
from nli_lifecycle.monitoring.alerting.record import Record
from nli_lifecycle.monitoring.alerting.webhook import NotDelivered


class Waiting(Record):
    """A message that a channel has not taken."""

    event: str
    channel: str
    why: str


class Delivered(Record):
    """What one attempt at the whole outbox came to."""

    sent: int
    waiting: tuple[Waiting, ...]


def deliver(
    log: EventLog, channels: Mapping[str, Channel], clock: Callable[[], datetime]
) -> Delivered:
    """Send what is owed, oldest first; what is not taken stays for the next run.

    A message is noted as delivered after it was: if the process dies in between, it is sent again.
    A channel that is down is not asked again in this run.

    Raises:
        LogDamaged, OSError: the event log cannot be read or written.
    """
    sent = 0
    waiting: list[Waiting] = []
    down: dict[str, str] = {}
    for event, name in log.read().state.owed():
        why = down.get(name)
        if name not in channels:
            why = "there is no channel of that name any more: put it back, and it is told"
        if why is None:
            try:
                channels[name].send(message(event))
            except NotDelivered as error:
                why = str(error)
                if error.down:
                    down[name] = why
            except Exception as error:  # of a callable from outside: its text may hold a secret
                why = f"channel {name}: {type(error).__name__}"
        if why is None:
            noted = DeliveryEvent(
                id=event_id("delivered", event.id, name), time=clock(), event=event.id, channel=name
            )
            log.change(lambda _, noted=noted: [noted])  # type: ignore[misc]
            sent += 1
        else:
            waiting.append(Waiting(event=event.id, channel=name, why=why))
    return Delivered(sent=sent, waiting=tuple(waiting))
