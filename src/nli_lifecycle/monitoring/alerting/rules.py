"""Alert rules: what must be seen, in how many windows, before somebody is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from nli_lifecycle.monitoring.alerting.record import Record, Severity

#: Findings whose names begin like this rest on labels that people gave.
LABELLED = "realised_"
End = Literal["near", "value", "far"]


class OutOf(Record):
    """How many of the last windows must be in breach."""

    n: int = Field(1, ge=1, description="windows in breach, at least")
    m: int = Field(1, ge=1, le=100, description="of so many, the latest among them")

    @model_validator(mode="after")
    def _can_be_reached(self) -> OutOf:
        if self.n > self.m:
            raise ValueError(f"n_of_m asks for {self.n} windows in breach of {self.m}: n ≤ m.")
        return self


class BaseRule(Record):
    """What every rule has."""

    name: str = Field(pattern="^[a-z][a-z0-9_]{0,63}$", description="part of the alert's identity")
    severity: Severity = Field("warning", description="how bad it is when it fires")
    escalate_after: int | None = Field(
        None, ge=2, description="firing windows in a row that make it one step severer; null: never"
    )
    n_of_m: OutOf = Field(default_factory=OutOf)
    minimum_pairs: int = Field(100, ge=0, description="a finding on fewer is insufficient")
    sentence: str = Field(min_length=1, description="what to do about it, for people")


class FindingRule(BaseRule):
    """A rule about one finding."""

    finding: str = Field(min_length=1, description="its name, as in WindowFindings")
    late_windows: int = Field(
        0,
        ge=0,
        description="so many of the latest windows may still lack it, as labels come late: they "
        "are awaited, and the latest that has it counts; beyond, its absence counts",
    )

    @property
    def labelled(self) -> bool:
        """Whether it rests on labels that people gave, not on estimates alone."""
        return self.finding.startswith(LABELLED)


class AbsoluteRule(FindingRule):
    """The value is beyond a bound."""

    kind: Literal["absolute"] = "absolute"
    below: float | None = Field(None, description="breach where the value is lower")
    above: float | None = Field(None, description="breach where the value is higher")
    end: End = Field(
        "near",
        description="what must be beyond the bound: 'near', the end of the interval nearer to "
        "what is good, so the whole interval; 'value'; 'far', so any part of it",
    )

    @model_validator(mode="after")
    def _has_one_bound(self) -> AbsoluteRule:
        if (self.below is None) == (self.above is None):
            raise ValueError(f"rule {self.name!r}: give either 'below' or 'above'.")
        return self


class RelativeRule(FindingRule):
    """The value, a share, is worse than the finding's reference by more than some points.

    What counts is the interval of the difference: a small evaluation set knows its own accuracy
    roughly.
    """

    kind: Literal["relative"] = "relative"
    points: float = Field(ge=0, description="hundredths")
    direction: Literal["drop", "rise"] = Field("drop", description="which way is worse")
    end: End = Field("near", description="as in an absolute rule; 'near': shown with confidence")


class TrendRule(FindingRule):
    """The values of the last windows rise or fall: least-squares slope, one-sided t test."""

    kind: Literal["trend"] = "trend"
    windows: int = Field(8, ge=4, le=1000, description="windows in a row that are looked at")
    direction: Literal["falling", "rising"] = Field("falling", description="which way is worse")
    slope: float = Field(0.0, ge=0, description="per window, in the value's unit, at least")
    p_below: float = Field(0.002, gt=0, lt=1, description="p-value of no such slope")


class DriftRule(FindingRule):
    """A distribution has changed, by an amount that matters and not by chance."""

    kind: Literal["drift"] = "drift"
    effect: float = Field(gt=0, description="effect size, at least, in its test's unit")
    p_below: float = Field(0.01, gt=0, lt=1, description="p-value, corrected within its window")


class DeadManRule(BaseRule):
    """Nothing, or too little, was logged."""

    kind: Literal["dead_man"] = "dead_man"
    silent_minutes: float | None = Field(None, gt=0, description="without any row, at most")
    fewer_per_hour: float | None = Field(None, gt=0, description="pairs of a window, at least")
    skew_minutes: float = Field(
        5.0, ge=0, description="a row from further in the future says nothing about silence"
    )
    minimum_pairs: int = Field(0, ge=0, description="a window of fewer says nothing about the rate")

    @model_validator(mode="after")
    def _asks_for_something(self) -> DeadManRule:
        if self.silent_minutes is None and self.fewer_per_hour is None:
            raise ValueError(
                f"rule {self.name!r}: give 'silent_minutes', 'fewer_per_hour', or both."
            )
        return self

    @property
    def labelled(self) -> bool:
        """Silence says nothing about quality."""
        return False


Rule = Annotated[
    AbsoluteRule | RelativeRule | TrendRule | DriftRule | DeadManRule,
    Field(discriminator="kind"),
]
