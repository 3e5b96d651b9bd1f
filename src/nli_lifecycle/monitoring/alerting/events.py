"""Events: all that ever happens to alerts, actions and messages. State is what they add up to."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from nli_lifecycle.monitoring.alerting.record import Moment, Record, Severity

Kind = Literal["opened", "repeated", "worsened", "calmed", "unsure", "resolved", "acknowledged"]
ActionName = Literal["freeze", "rollback", "retrain"]


class _Event(Record):
    schema_version: Literal[1] = 1
    id: str = Field(description="the same for the same event, however often it is written or sent")
    time: Moment = Field(description="when it was written")


class _Told(_Event):
    to: tuple[str, ...] = Field((), description="names of the channels that are owed it")


class AlertEvent(_Told):
    """Something happened to an alert."""

    kind: Kind
    alert: str
    rule: str
    model: str
    version: str
    digest: str
    severity: Severity
    labelled: bool
    window: int
    arrival: int
    at: Moment = Field(description="of what was seen")
    sentence: str
    by: str = Field("", description="who acknowledged it, or why it is resolved")
    reason: str = Field("", description="given with an acknowledgement")


class ActionEvent(_Told):
    """An action is about to be taken, or was."""

    kind: Literal["planned", "done", "failed"]
    action_id: str
    action: ActionName
    model: str
    version: str
    digest: str
    alerts: tuple[str, ...]
    reason: str
    dry_run: bool
    outcome: str = Field("", description="of done and failed: what is known about it")


class DeliveryEvent(_Event):
    """A channel has taken an event."""

    kind: Literal["delivered"] = "delivered"
    event: str
    channel: str


class JudgedEvent(_Event):
    """Up to where each rule has judged."""

    kind: Literal["judged"] = "judged"
    arrivals: dict[str, int] = Field(description="rule → number of arrival")


Event = AlertEvent | ActionEvent | DeliveryEvent | JudgedEvent
_Discriminated: Any = Annotated[Event, Field(discriminator="kind")]
EVENT: TypeAdapter[Event] = TypeAdapter(_Discriminated)


def event_id(*parts: object) -> str:
    """An id that follows from what the event says: written twice, it is one event."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:24]
