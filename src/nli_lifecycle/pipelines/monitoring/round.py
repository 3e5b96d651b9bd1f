"""A round of monitoring on its way through the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from nli_lifecycle.monitoring.state import MonitoringState


class MonitoringError(RuntimeError):
    """The round cannot go on; nothing of it is kept, and the next one begins where it did."""


@dataclass(frozen=True)
class Round:
    """What is known so far.

    Attributes:
        state: of monitoring, as far as this round has changed it.
        now: when the round began, UTC.
        before: watermark of the last round.
        until: last arrival that this round reads.
        fresh: numbers of the windows that became full in it.
        strays: labels about answers that the log does not hold, and the first few by name.
        notes: what people should know.
    """

    state: MonitoringState
    now: datetime
    before: int
    until: int
    fresh: frozenset[int] = frozenset()
    strays: tuple[int, tuple[tuple[str, int], ...]] = (0, ())
    notes: tuple[str, ...] = ()

    def changed(self, *notes: str, **fields: object) -> Round:
        """The round with some fields of its state changed, and more to say."""
        state = self.state.model_copy(update=fields)
        return replace(self, state=state, notes=(*self.notes, *notes))
