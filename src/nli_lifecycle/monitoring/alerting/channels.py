"""Channels: where messages go. A python log, a webhook, tags; and the exit code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Literal, Protocol

from pydantic import Field

from nli_lifecycle.monitoring.alerting.verdicts import Verdict
from nli_lifecycle.monitoring.alerting.messages import Message
from nli_lifecycle.monitoring.alerting.record import Record, Severity, rank
from nli_lifecycle.monitoring.alerting.state import Alert
from nli_lifecycle.monitoring.alerting.webhook import Webhook, WebhookParameters

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}
_NAME = "^[a-z][a-z0-9_]{0,63}$"
SetTag = Callable[[str, str], None]


class Channel(Protocol):
    """Takes messages."""

    def send(self, message: Message) -> None:
        """Deliver; the same message may come again.

        Raises:
            NotDelivered: it did not take it.
        """


class LogParameters(Record):
    """Python's own log, of the process that monitors."""

    kind: Literal["log"] = "log"
    name: str = Field("log", pattern=_NAME, description="what the outbox calls it")
    minimum: Severity = Field("info", description="mildest severity that is told")


class TagParameters(Record):
    """A tag ``<prefix>.<rule>``, set by a callable of the caller: of a run, or a version."""

    kind: Literal["tag"] = "tag"
    name: str = Field("tag", pattern=_NAME, description="what the outbox calls it")
    minimum: Severity = Field("info", description="mildest severity that is told")
    prefix: str = Field(
        "alert", pattern="^[A-Za-z0-9_.]+$", description="the tag is <prefix>.<rule>"
    )


ChannelParameters = Annotated[
    LogParameters | TagParameters | WebhookParameters, Field(discriminator="kind")
]


class ExitCodes(Record):
    """What the process that monitors ends with, by the worst open alert; 1 and 2 are errors'."""

    insufficient: int = Field(0, ge=0, le=125, description="nothing open, but a rule not judged")
    info: int = Field(0, ge=0, le=125, description="worst open alert: info")
    warning: int = Field(3, ge=0, le=125, description="worst open alert: warning")
    critical: int = Field(4, ge=0, le=125, description="worst open alert: critical")


class LogChannel:
    """Writes messages to a logger."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("nli_lifecycle.alerts")

    def send(self, message: Message) -> None:
        """Write one line."""
        level = logging.INFO if message.kind == "resolved" else _LEVELS[message.severity]
        self._logger.log(level, "%s [%s] %s", message.title, message.name, message.text)


class TagChannel:
    """Sets a tag per rule, or per action, to what is known last."""

    def __init__(self, prefix: str, set_tag: SetTag) -> None:
        self._prefix, self._set_tag = prefix, set_tag

    def send(self, message: Message) -> None:
        """Set the tag; what the callable raises keeps the message in the outbox."""
        about = message.rule if message.subject == "alert" else message.title.split()[0]
        value = f"{message.severity} {message.kind}: {message.text}"
        self._set_tag(f"{self._prefix}.{about}", value[:500])


def open_channels(
    parameters: Iterable[ChannelParameters], set_tag: SetTag | None = None
) -> dict[str, Channel]:
    """Make the channels; nothing is contacted.

    Args:
        parameters: with different names.
        set_tag: sets a tag to a value; needed where there is a channel of tags.

    Raises:
        ValueError: there is a channel of tags and nothing that sets them.
    """
    channels: dict[str, Channel] = {}
    for one in parameters:
        if isinstance(one, WebhookParameters):
            channels[one.name] = Webhook(one)
        elif isinstance(one, LogParameters):
            channels[one.name] = LogChannel()
        elif set_tag is None:
            raise ValueError(
                f"channel {one.name!r} sets tags, but nothing was given that sets one."
            )
        else:
            channels[one.name] = TagChannel(one.prefix, set_tag)
    return channels


def exit_code(codes: ExitCodes, alerts: Sequence[Alert], verdicts: Sequence[Verdict]) -> int:
    """The code of the worst open alert; an acknowledged one is somebody's business already."""
    still = [alert.severity for alert in alerts if alert.state == "open"]
    if still:
        worst: Severity = max(still, key=rank)
        return {"info": codes.info, "warning": codes.warning, "critical": codes.critical}[worst]
    unknown = any(verdict.state == "insufficient" for verdict in verdicts)
    return codes.insufficient if unknown else 0
