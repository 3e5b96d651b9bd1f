"""Documents: frozen, strict, content-addressed records that pass between the stages."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """Base of every record: immutable, no unknown keys, no NaN or infinite number.

    A document holds no time and no path, so that the same facts always hash alike.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, revalidate_instances="always"
    )

    def content_hash(self) -> str:
        """Sha256 of the canonical JSON: sorted keys, no spaces, floats as ``repr`` writes them."""
        canonical = json.dumps(
            self.model_dump(mode="json"),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )
        return hashlib.sha256(canonical.encode()).hexdigest()


class ModelRef(Document):
    """One version of a registered model; the digest, not the number, is its identity."""

    name: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name} version {self.version} ({self.digest[:12]})"
