"""What a scoring leaves beside its answers: how it began, and that it is complete."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from nli_lifecycle.nli.data.ingest import Ingest
from nli_lifecycle.provenance import sha256_json
from nli_lifecycle.serving.head import Release


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Begun(_Document):
    """Written before the first portion: whoever goes on takes all of it over."""

    input: str  # fingerprint of the pairs, and of how they are read and divided
    release: Release
    scored_at: datetime


class ScoredFile(_Document):
    """One file or table of the input."""

    name: str
    origin: str
    content: str  # sha256 of its bytes
    rows: int


class Manifest(Begun):
    """Written after the last portion, and only if every row is accounted for."""

    files: tuple[ScoredFile, ...]
    rows_read: int
    rows_scored: int
    rows_quarantined: int
    quarantined: dict[str, int]  # reason → rows
    labels: dict[str, int]  # label → rows
    portions: int


class ScoringReport(_Document):
    """What a run did, and what there is now."""

    manifest: Manifest
    output: str  # folder of the manifest; answers are in `scores`, other rows in `quarantine`
    rows_new: int  # scored by this run; the others were there already
    seconds: float  # wall time of scoring them

    @property
    def pairs_per_second(self) -> float:
        """Pairs scored by this run, per second of wall time."""
        return self.rows_new / self.seconds if self.seconds else 0.0

    def summary(self) -> dict[str, Any]:
        """What the run's summary says of it."""
        manifest, release = self.manifest, self.manifest.release
        return {
            "rows_read": manifest.rows_read,
            "rows_scored": manifest.rows_scored,
            "rows_quarantined": manifest.rows_quarantined,
            "quarantined": manifest.quarantined,
            "labels": manifest.labels,
            "rows_new": self.rows_new,
            "pairs_per_second": round(self.pairs_per_second, 1),
            "model": release.model,
            "version": release.version,
            "digest": release.digest,
            "epoch": release.epoch,
            "output": self.output,
        }


def fingerprint(ingest: Ingest) -> str:
    """Identify what is scored: every file's bytes, and how they are read and divided."""
    return sha256_json([part.key for part in ingest.parts])


def listed(ingest: Ingest) -> tuple[ScoredFile, ...]:
    """The input's files as a manifest names them."""
    return tuple(
        ScoredFile.model_validate(part.model_dump(include=set(ScoredFile.model_fields)))
        for part in ingest.parts
    )
