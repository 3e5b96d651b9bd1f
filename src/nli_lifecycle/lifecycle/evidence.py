"""Evidence: everything measured about a candidate and its champion on the same rows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from nli_lifecycle.lifecycle.documents import Document, ModelRef
from nli_lifecycle.nli.metrics import Interval, Measures


class EvidenceError(ValueError):
    """Evidence that cannot be used for what it is asked to decide."""


class EvaluationSet(Document):
    """The labelled pairs both models were measured on."""

    fingerprint: str = Field(description="sha256 over the pairs' fingerprints and labels")
    rows: int = Field(ge=1)
    source: str = Field(description="where the raw pairs came from, as in `source:`")


class Method(Document):
    """How the intervals were made."""

    confidence: float = Field(gt=0.5, lt=1, description="level of each model's own intervals")
    bound_confidence: float = Field(
        gt=0.5, lt=1, description="one-sided level of each bound of a difference"
    )
    resamples: int = Field(ge=1)
    seed: int = Field(ge=0)


class Evidence(Document):
    """What a decision rests on; two equal measurements are the same evidence."""

    schema_version: Literal[1] = 1
    environment: str
    candidate: ModelRef
    champion: ModelRef | None
    evaluation_set: EvaluationSet
    policy_hash: str = Field(description="content hash of the policy it was measured for")
    method: Method
    candidate_measures: Measures
    champion_measures: Measures | None = None
    differences: dict[str, Interval] | None = Field(
        None, description="accuracy, macro_f1, log_loss: candidate − champion, paired"
    )

    @model_validator(mode="after")
    def _champion_is_measured(self) -> Evidence:
        measured = self.champion_measures is not None, self.differences is not None
        if measured != (self.champion is not None,) * 2:
            raise ValueError(
                "champion, champion_measures and differences belong together: "
                "give all three, or none where there is no champion"
            )
        return self
