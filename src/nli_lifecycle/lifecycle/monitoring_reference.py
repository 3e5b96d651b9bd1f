"""The candidate's answers on the evaluation set: what monitoring compares its traffic with."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from nli_lifecycle.lifecycle.documents import Document


class MonitoringReference(Document):
    """Made in the same run as the evidence it belongs to; decides nothing. Holds no texts."""

    evidence_hash: str
    digest: str = Field(description="of the candidate")
    summary: dict[str, Any] = Field(description="monitoring's Summary of all evaluation pairs")
    texts: tuple[tuple[float, float, float, float, float, float], ...] = Field(
        description="monitoring's text features of some of these pairs, drawn by chance"
    )
