"""What parameters, verdicts and events have in common."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")

#: A point in time that says its zone, kept in UTC.
Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(timezone.utc))]


class Record(BaseModel):
    """Frozen, no unknown key, no NaN or infinite number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def rank(severity: Severity) -> int:
    """Place of a severity: 0 is the mildest."""
    return SEVERITIES.index(severity)


def said(moment: datetime) -> str:
    """A moment as messages have it, to the minute."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
