"""Exhibits: what people look at beside the evidence. They decide nothing."""

from __future__ import annotations

from pydantic import Field

from nli_lifecycle.lifecycle.documents import Document
from nli_lifecycle.nli.budgets import Footprint


class Disagreement(Document):
    """One pair on which it is worth looking: texts, label, and what the models made of it."""

    pair_id: str
    genre: str
    premise: str
    hypothesis: str
    label: str
    candidate: str
    champion: str | None
    candidate_confidence: float
    champion_confidence: float | None
    right: str = Field(description="candidate, champion or neither")


class Exhibits(Document):
    """Made in the same run as the evidence they belong to."""

    evidence_hash: str
    disagreements: tuple[Disagreement, ...]
    footprints: dict[str, Footprint] = Field(
        description="candidate, and champion where there is one; timings of this machine"
    )
