"""Policy: the rules by which an environment lets a candidate become champion."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from nli_lifecycle.lifecycle.documents import Document

Label = Literal["entailment", "neutral", "contradiction"]


class Minimums(Document):
    """What a candidate must reach whatever the champion does; shares of 1, null: not asked."""

    accuracy: float | None = Field(None, ge=0, le=1)
    macro_f1: float | None = Field(None, ge=0, le=1)
    recall: dict[Label, float] = Field(default_factory=dict, description="label → smallest recall")


class Margins(Document):
    """How much worse than the champion a candidate may be, in points; null: not asked."""

    accuracy: float | None = Field(None, ge=0, le=100)
    macro_f1: float | None = Field(None, ge=0, le=100)


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
    confidence: float = Field(
        0.95, gt=0.5, lt=1, description="one-sided confidence that the margin is respected"
    )
    approvals: int = Field(0, ge=0, description="people who must approve before release")

    @model_validator(mode="after")
    def _has_a_quality_rule(self) -> Policy:
        rules = (
            *(self.minimums.accuracy, self.minimums.macro_f1, *self.minimums.recall.values()),
            *(self.non_inferiority.accuracy, self.non_inferiority.macro_f1),
        )
        if all(rule is None for rule in rules):
            raise ValueError(
                "The policy has no quality rule, so anything would pass. Give at least one of "
                "policy.minimums or policy.non_inferiority in parameters_promotion.yml."
            )
        return self
