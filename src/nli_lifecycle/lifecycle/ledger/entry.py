"""One line of a release ledger: who moved which version in, from which, when, and on what grounds.

An entry is a few hundred characters of JSON with short keys, because it is stored as one write-once
value (an MLflow run parameter, a tag on the model version) whose length the stores limit.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from nli_lifecycle.lifecycle.documents import Document, ModelRef

LONGEST_ENTRY = 1_000  # characters; what a Unity Catalog tag holds
LONGEST_REASON = 200
LONGEST_ACTOR = 120

Kind = Literal["bootstrap", "promote", "rollback", "freeze", "unfreeze", "adopt", "restore"]


class LedgerError(RuntimeError):
    """The ledger cannot be read or written as asked; the message says what to do."""


class LedgerGone(LedgerError):
    """There was a ledger, and it was deleted or damaged: rebuild it, never start another."""


class Line(Document):
    """Base of what a ledger stores: canonical text, chained by hashes."""

    model_config = ConfigDict(populate_by_name=True, validate_by_alias=True)

    def text(self) -> str:
        """The canonical JSON text, short keys sorted, without what is not given."""
        values = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def line_hash(self) -> str:
        """Sha256 of the text; the next line carries it."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def checked(self) -> str:
        """The text, refused where a store would cut it off.

        Raises:
            LedgerError: more than ``LONGEST_ENTRY`` characters.
        """
        text = self.text()
        if len(text) > LONGEST_ENTRY:
            raise LedgerError(
                f"A ledger line has {len(text)} characters, over {LONGEST_ENTRY}. "
                "Give a shorter reason."
            )
        return text

    @classmethod
    def parse(cls, text: str, where: str) -> Any:
        """Read a line back.

        Raises:
            LedgerGone: the text is not what this project wrote; ``where`` names the line.
        """
        try:
            line = cls.model_validate_json(text)
        except ValidationError as error:
            raise LedgerGone(
                f"{where} was altered: {error.errors()[0]['msg']}. "
                "Restore it: `kedro lifecycle reconcile --rebuild`."
            ) from None
        if line.text() != text:
            raise LedgerGone(
                f"{where} was altered: it is not in canonical form. "
                "Restore it: `kedro lifecycle reconcile --rebuild`."
            )
        return line


class Held(Document):
    """A version as a ledger names it: the digest is its identity, the number a hint."""

    version: str = Field(alias="v")
    digest: str = Field(alias="d")

    model_config = ConfigDict(populate_by_name=True, validate_by_alias=True)

    @classmethod
    def of(cls, ref: ModelRef) -> Held:
        """Name a version of a registered model."""
        return cls(version=ref.version, digest=ref.digest)

    def __str__(self) -> str:
        return f"version {self.version} ({self.digest[:12]})"


class Entry(Line):
    """One release, or one event that a release must respect."""

    epoch: int = Field(ge=0, alias="e", description="0, 1, 2, … without a gap")
    kind: Kind = Field(alias="k")
    promotion: str = Field(alias="p", description="identity of this attempt, 32 hexadecimal digits")
    before: Held | None = Field(None, alias="f", description="champion before it")
    after: Held | None = Field(None, alias="t", description="champion after it")
    decision: str | None = Field(None, alias="d", description="sha256 of the decision document")
    run: str | None = Field(None, alias="x", description="MLflow run that filed the decision")
    previous_hash: str = Field("", alias="h", description="line hash of the entry before")
    actor: str = Field(alias="a", max_length=LONGEST_ACTOR)
    time: str = Field(alias="w", description="UTC, ISO 8601, to the second")
    reason: str = Field("", alias="r", max_length=LONGEST_REASON)

    @property
    def moved(self) -> bool:
        """Whether the champion's bytes are others after it."""
        return _digest(self.before) != _digest(self.after)


def _digest(held: Held | None) -> str | None:
    return held.digest if held else None


def shortened(reason: str, longest: int = LONGEST_REASON) -> str:
    """A reason on one line, cut to what an entry holds."""
    line = " ".join(reason.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
