"""Policy: the rules by which an environment lets a candidate become champion."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from nli_lifecycle.lifecycle.documents import Document

Label = Literal["entailment", "neutral", "contradiction"]


class Minimums(Document):
    """What a candidate must reach whatever the champion does; shares of 1, null: not asked."""

    accuracy: float | None = Field(None, ge=0, le=1, description="smallest accuracy")
    macro_f1: float | None = Field(None, ge=0, le=1, description="smallest macro-F1")
    recall: dict[Label, float] = Field(default_factory=dict, description="label → smallest recall")
    stress: dict[str, float] = Field(
        default_factory=dict, description="stress suite → smallest accuracy on it"
    )


class Margins(Document):
    """How much worse than the champion a candidate may be; null: not asked."""

    accuracy: float | None = Field(None, ge=0, le=100, description="points")
    macro_f1: float | None = Field(None, ge=0, le=100, description="points")
    log_loss: float | None = Field(None, ge=0, description="nats")
    brier: float | None = Field(None, ge=0, le=2, description="of the Brier score, 0 to 2")


class Gains(Document):
    """By how much a candidate must be better than the champion; null: not asked.

    Training the same recipe once more moves accuracy by some tenths of a point: a gain of 0.5
    keeps such a twin from passing for an improvement.
    """

    accuracy: float | None = Field(None, ge=0, le=100, description="points")
    macro_f1: float | None = Field(None, ge=0, le=100, description="points")


class SubsetRule(Document):
    """Guard over many parts at once: slices of the evaluation set, or stress suites."""

    margin: float | None = Field(
        None, ge=0, le=100, description="points worse that no part may be shown to be; null: off"
    )
    minimum_rows: int = Field(50, ge=2, description="smaller parts are not judged")


class OverlapRule(Document):
    """Evaluation rows that the candidate was trained on; shares of the rows, null: not asked."""

    exact: float | None = Field(0.0, ge=0, le=1, description="largest share of the same pairs")
    near: float | None = Field(
        None, ge=0, le=1, description="largest share of the same and nearly the same pairs"
    )


class BudgetRule(Document):
    """What a candidate may cost; null: reported, never judged."""

    latency_ratio: float | None = Field(None, gt=0, description="of the champion's, one pair")
    throughput_ratio: float | None = Field(None, gt=0, description="of the champion's, at least")
    megabytes: float | None = Field(None, gt=0, description="payload on disk, 10^6 bytes")
    memory_megabytes: float | None = Field(None, gt=0, description="peak memory, 10^6 bytes")


class HoldoutRule(Document):
    """An evaluation set wears out: with every candidate it judges, luck has one more chance."""

    warn_after: int | None = Field(20, ge=1, description="different digests; null: never")
    correct: bool = Field(
        False,
        description="spend the error over all candidates this set will ever judge: "
        "the k-th is judged at 1 − (1 − confidence) / (k (k + 1))",
    )


class ApprovalRule(Document):
    """What people must say before a candidate is released.

    An approval is bound to the candidate's digest, the policy and the evidence: any of the three
    changes, and it no longer counts.
    """

    needed: int = Field(0, ge=0, description="different people; 0: released without asking")
    expire_after_hours: float | None = Field(
        168, gt=0, description="an older approval no longer counts; null: never expires"
    )
    not_by_author: bool = Field(
        False, description="separation of duties: whoever trained the model may not approve it"
    )
    tag: str | None = Field(
        None,
        pattern="^[A-Za-z0-9_]+$",
        description="version tag whose value 'approved', set in a UI, is taken as an approval by "
        "the identity that runs promotion; null: tags are not looked at",
    )


class ShadowRule(Document):
    """What the candidate must have shown on real traffic, answering beside the champion."""

    requests: int = Field(ge=1, description="requests that both answered, at least")
    agreement: float | None = Field(
        None, ge=0, le=1, description="share of pairs with the champion's label, at least"
    )
    latency_ratio: float | None = Field(
        None, gt=0, description="p99 of its batches, of the champion's p99 from arrival to answer"
    )


class ReviewRule(Document):
    """What people must have said about the pairs of the candidate's review queue."""

    needed: int = Field(ge=1, description="pairs of its queue that have a settled label, at least")
    reviewers: int = Field(
        1, ge=1, description="different people that a label needs; more than half must agree"
    )


class Policy(Document):
    """All rules of one environment, as its ``parameters_promotion.yml`` gives them."""

    minimum_rows: int = Field(100, ge=1, description="fewer evaluation pairs settle nothing")
    minimums: Minimums = Field(default_factory=Minimums)
    minimums_by: Literal["estimate", "interval"] = Field(
        "interval",
        description="'estimate': the measured figure must reach the minimum; "
        "'interval': its whole interval must, and an interval that straddles it is inconclusive",
    )
    non_inferiority: Margins = Field(default_factory=Margins)
    superiority: Gains = Field(default_factory=Gains)
    confidence: float = Field(
        0.95, gt=0.5, lt=1, description="one-sided confidence that margins and gains hold"
    )
    slices: SubsetRule = Field(default_factory=SubsetRule)
    stress: SubsetRule = Field(default_factory=SubsetRule)
    calibration_error: float | None = Field(
        None, ge=0, le=1, description="largest expected calibration error; null: not asked"
    )
    gain_over_hypothesis: float | None = Field(
        None, ge=0, le=100, description="points of accuracy above the hypothesis-only model"
    )
    overlap: OverlapRule = Field(default_factory=OverlapRule)
    budgets: BudgetRule = Field(default_factory=BudgetRule)
    holdout: HoldoutRule = Field(default_factory=HoldoutRule)
    shadow: ShadowRule | None = Field(None, description="None: traffic is not looked at")
    reviews: ReviewRule | None = Field(None, description="None: no reviewed pairs are asked for")
    approvals: ApprovalRule = Field(default_factory=ApprovalRule)
    manual_moves: Literal["restore", "adopt"] = Field(
        "restore",
        description="an alias champion that a person moved by hand: set it back, or take what it "
        "points at as champion; either leaves a ledger entry",
    )

    @model_serializer(mode="wrap")
    def _say_only_what_is_asked_for(
        self, serialise: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        # Approvals are bound to hashes of policies from before there was shadow traffic, or review.
        fields: dict[str, Any] = serialise(self)
        for name in ("shadow", "reviews"):
            if getattr(self, name) is None:
                fields.pop(name, None)
        return fields

    @model_validator(mode="after")
    def _has_a_quality_rule(self) -> Policy:
        rules = (
            *(self.minimums.accuracy, self.minimums.macro_f1, *self.minimums.recall.values()),
            *self.non_inferiority.model_dump().values(),
            *self.superiority.model_dump().values(),
        )
        if all(rule is None for rule in rules):
            raise ValueError(
                "The policy has no quality rule, so anything would pass. Give at least one of "
                "policy.minimums, policy.non_inferiority or policy.superiority in "
                "parameters_promotion.yml."
            )
        return self

    def bound_confidence(self, judged: int) -> float:
        """One-sided confidence at which this set's ``judged``-th digest is compared.

        With ``holdout.correct`` the errors allowed sum to 1 − confidence over any number of
        candidates, because the sum of 1 / (k (k + 1)) over k = 1, 2, … is 1.
        """
        spread = judged * (judged + 1) if self.holdout.correct else 1
        return 1 - (1 - self.confidence) / spread
