"""What is found in a window of the inference log: figures, never verdicts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["measured", "insufficient", "refused", "missing"]


class Finding(BaseModel):
    """One figure of one window, or why there is none.

    Attributes:
        name: for example ``estimated_accuracy``, ``label_mix``.
        state: never "ok": that is a rule's word.
        value: what was measured, in its own unit (share, distance, rate).
        low: lower bound of the value's interval, where there is one.
        high: upper bound.
        reference: the release's evidence, or the reference window.
        reference_low: lower bound of the reference's interval, at the value's level; None: it is
            exact, or its error is in the value's interval already.
        reference_high: upper bound.
        effect: effect size of a drift test: docs/monitoring_statistics.md.
        p_value: corrected for the number of tests of this window.
        pairs: what it rests on.
        why: for every state but ``measured``: what is missing and what to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    state: State
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reference: float | None = None
    reference_low: float | None = None
    reference_high: float | None = None
    effect: float | None = None
    p_value: float | None = None
    pairs: int
    why: str = ""


class WindowFindings(BaseModel):
    """All findings of one window of one model.

    Attributes:
        window: number, by arrival.
        model: registered name.
        version: number in the registry.
        digest: identity of the bytes.
        epoch: of the ledger.
        begin: earliest time that a row says.
        end: latest time that a row says.
        first_arrival: lowest number of arrival in the log.
        last_arrival: highest.
        pairs: rows that could be used.
        findings: in a fixed order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: int
    model: str
    version: str
    digest: str
    epoch: int
    begin: datetime
    end: datetime
    first_arrival: int
    last_arrival: int
    pairs: int
    findings: tuple[Finding, ...]
