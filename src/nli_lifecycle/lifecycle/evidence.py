"""Evidence: everything measured about a candidate and its champion on the same rows."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from nli_lifecycle.lifecycle.documents import Document, ModelRef
from nli_lifecycle.lifecycle.reviewed import ReviewEvidence
from nli_lifecycle.lifecycle.shadow import ShadowEvidence
from nli_lifecycle.nli.budgets import Footprint
from nli_lifecycle.nli.data.overlap import Overlap
from nli_lifecycle.nli.metrics.figures import Comparison, Measures, SubsetMeasures


class EvidenceError(ValueError):
    """Evidence that cannot be used for what it is asked to decide."""


class EvaluationSet(Document):
    """The labelled pairs both models were measured on."""

    fingerprint: str = Field(description="sha256 over the pairs' fingerprints and labels")
    rows: int = Field(ge=1)
    premises: int = Field(ge=1, description="distinct premises; fewer than rows: clustered")
    left_out: int = Field(0, ge=0, description="rows not judged, being in the training data")
    source: str = Field(description="where the raw pairs came from, as in `source:`")
    judged: int = Field(
        ge=1, description="how many different digests this set has judged, this one included"
    )


class Method(Document):
    """How the intervals were made."""

    confidence: float = Field(gt=0.5, lt=1, description="level of each model's own intervals")
    bound_confidence: float = Field(
        gt=0.5, lt=1, description="one-sided level of each bound of a difference"
    )
    resamples: int = Field(ge=1)
    seed: int = Field(ge=0)


class Shortcut(Document):
    """What the hypothesis alone gives away, to a linear model of the same training data."""

    accuracy: float = Field(ge=0, le=1, description="of the hypothesis-only model, on these rows")
    majority: float = Field(ge=0, le=1, description="of always giving the training majority label")

    def share_of_gain(self, accuracy: float) -> float:
        """Share of a model's gain over the majority label that the hypothesis does not explain.

        Returns:
            (accuracy − hypothesis only) / (accuracy − majority); 0 where there is no gain at all.
        """
        gain = accuracy - self.majority
        return (accuracy - max(self.accuracy, self.majority)) / gain if gain > 0 else 0.0


class Trust(Document):
    """What is known of one model beside its answers; None: its bundle does not say."""

    overlap: Overlap | None
    shortcut: Shortcut | None
    temperature: float = Field(gt=0, description="by which the bundle divides its logits")


class Evidence(Document):
    """What a decision rests on; two equal measurements are the same evidence."""

    schema_version: Literal[2] = 2
    environment: str
    candidate: ModelRef
    champion: ModelRef | None
    evaluation_set: EvaluationSet
    policy_hash: str = Field(description="content hash of the policy it was measured for")
    method: Method
    candidate_measures: Measures
    champion_measures: Measures | None = None
    comparison: Comparison | None = Field(None, description="candidate − champion, paired")
    slices: tuple[SubsetMeasures, ...] = Field(
        (), description="parts of the evaluation set with at least the policy's support"
    )
    slices_too_small: int = Field(0, ge=0, description="slices with fewer rows than that")
    stress: tuple[SubsetMeasures, ...] = Field((), description="sets made to be hard")
    stress_pairs: str | None = Field(None, description="sha256 over the stress pairs")
    candidate_trust: Trust
    champion_trust: Trust | None = None
    candidate_footprint: Footprint | None = Field(
        None, description="only where the policy judges by it: timings differ from run to run"
    )
    champion_footprint: Footprint | None = None
    candidate_trials: int | None = Field(
        None,
        ge=1,
        description="among how many trials the candidate's parameters were chosen, by validation; "
        "None: they were not tuned",
    )

    shadow: ShadowEvidence | None = Field(
        None, description="only where the policy judges by it: traffic differs from day to day"
    )
    reviews: ReviewEvidence | None = Field(
        None, description="only where people labelled any of the evaluation pairs"
    )

    @model_serializer(mode="wrap")
    def _say_only_what_is_known(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Approvals are bound to hashes of evidence from before there were any of these.
        fields: dict[str, Any] = serialise(self)
        for name in ("candidate_trials", "shadow", "reviews"):
            if getattr(self, name) is None:
                fields.pop(name, None)
        return fields

    @model_validator(mode="after")
    def _shadow_is_of_these_bytes(self) -> Evidence:
        if self.shadow is None:
            return self
        seen = self.shadow.candidate_digest, self.shadow.champion_digest
        if seen != (self.candidate.digest, self.champion and self.champion.digest):
            raise ValueError(
                "the shadow traffic is of other versions than the candidate and the champion: "
                "run evaluation again"
            )
        return self

    @model_validator(mode="after")
    def _champion_is_measured(self) -> Evidence:
        about_champion = self.champion_measures, self.comparison, self.champion_trust
        if {part is not None for part in about_champion} != {self.champion is not None}:
            raise ValueError(
                "champion, champion_measures, comparison and champion_trust belong together: "
                "give all four, or none where there is no champion"
            )
        return self
