"""One row of the inference log: a pair's answer, and what monitoring needs of the pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from nli_lifecycle.serving.head import Release

Role = Literal["champion", "shadow"]


@dataclass(frozen=True)
class Answered:
    """A pair that was answered; the log derives lengths, hashes and features from its texts.

    ``request_id`` and ``position`` (the pair's place in its request) name it. ``latency_ms`` is the
    time from the request's arrival to its answer; for a shadow's, of its batch.
    """

    request_id: str
    position: int
    role: Role
    time: datetime
    endpoint: str
    release: Release
    premise: str
    hypothesis: str
    probabilities: tuple[float, float, float]  # in the order of nli.inference.LABELS
    latency_ms: float


@dataclass(frozen=True)
class Feedback:
    """What somebody says an answered pair's label is; the last word of each source counts."""

    request_id: str
    position: int
    label: str
    source: str
    time: datetime
    comment: str = ""


class InferenceLog(Protocol):
    """Where answers and feedback go. Safe to call from the event loop; never blocks it."""

    async def record(self, answers: Sequence[Answered]) -> None:
        """Take answers in; returns when they are as durable as the settings say.

        Raises:
            LogUnavailable: they could not be kept, and the settings say that no answer may be
                given then.
        """

    async def feedback(self, said: Feedback) -> bool:
        """Take feedback in, as durably; False where exactly this was known already."""

    async def close(self) -> None:
        """Write out whatever is buffered."""


class LogUnavailable(RuntimeError):
    """The log cannot keep an answer, and the settings say that then none may be given."""
