"""Messages: an event for people and machines, and the JSON that receivers ask for."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from nli_lifecycle.monitoring.alerting.events import ActionEvent, AlertEvent
from nli_lifecycle.monitoring.alerting.record import Moment, Record, Severity, said

Dialect = Literal["generic", "slack", "teams"]
LONGEST = 2_800  # characters of a text; Slack takes 3,000
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_COLOURS = {"info": "Accent", "warning": "Warning", "critical": "Attention"}


class Message(Record):
    """What a channel is given; ``id`` is the event's, for whoever gets it twice."""

    id: str
    subject: Literal["alert", "action"]
    kind: str = Field(description="opened, worsened, resolved, … or done, failed")
    name: str = Field(description="the alert's id, or the action's")
    rule: str = Field("", description="of an alert")
    severity: Severity
    title: str
    text: str
    model: str
    version: str
    digest: str
    time: Moment


def message(event: AlertEvent | ActionEvent) -> Message:
    """Say an event."""
    if isinstance(event, ActionEvent):
        dry = " (dry run)" if event.dry_run else ""
        return Message(
            id=event.id,
            subject="action",
            kind=event.kind,
            name=event.action_id,
            severity="critical" if event.kind == "failed" else "warning",
            title=f"{event.action} {event.kind}{dry}",
            text=f"{event.reason} {event.outcome}".strip(),
            model=event.model,
            version=event.version,
            digest=event.digest,
            time=event.time,
        )
    why = f": {event.reason}" if event.reason else ""
    by = {
        "acknowledged": f"Acknowledged by {event.by}{why}. ",
        "resolved": f"Resolved: {event.by}. ",
    }
    return Message(
        id=event.id,
        subject="alert",
        kind=event.kind,
        name=event.alert,
        rule=event.rule,
        severity=event.severity,
        title=f"{event.severity} alert {event.kind}: {event.rule.replace('_', ' ')}",
        text=f"{by.get(event.kind, '')}{event.sentence}",
        model=event.model,
        version=event.version,
        digest=event.digest,
        time=event.time,
    )


def payload(message: Message, dialect: Dialect) -> dict[str, Any]:
    """The JSON of a message: every field, a Slack webhook's blocks, or a Teams adaptive card."""
    if dialect == "slack":
        return _slack(message)
    if dialect == "teams":
        return _teams(message)
    return message.model_dump(mode="json")


def _foot(message: Message) -> str:
    who = f"{message.model} version {message.version}" if message.model else "no model yet"
    return f"{who} · {message.name} · {said(message.time)} · event {message.id}"


def _slack(message: Message) -> dict[str, Any]:
    """https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""
    text, foot = _escaped(message.text), _escaped(_foot(message))
    return {
        "text": _escaped(f"{message.title}: {message.text}"),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": message.title[:150]}},
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": foot}]},
        ],
    }


def _teams(message: Message) -> dict[str, Any]:
    """An adaptive card, as a Teams workflow 'when a webhook request is received' takes it."""
    title = {
        "type": "TextBlock",
        "text": message.title,
        "weight": "Bolder",
        "size": "Medium",
        "color": _COLOURS[message.severity],
        "wrap": True,
    }
    text = {"type": "TextBlock", "text": message.text[:LONGEST], "wrap": True}
    foot = {"type": "TextBlock", "text": _foot(message), "isSubtle": True, "wrap": True}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, text, foot],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _escaped(text: str) -> str:
    """Escaped, so that a name with ``<!channel>`` in it calls nobody, and then not too long."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in text[:LONGEST])
    return re.sub("&[a-z]*$", "", escaped[:LONGEST]) if len(escaped) > LONGEST else escaped
