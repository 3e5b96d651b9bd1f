"""What a knob may be while it is tuned: numbers between two bounds, or a list of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)


def _without_nulls(domain: Any) -> Any:
    """Drop keys that are null: layers are merged, and null takes back what `base` says."""
    if not isinstance(domain, Mapping):
        return domain
    return {name: value for name, value in domain.items() if value is not None} or None


def _kind(domain: Any) -> str:
    """Tell the kind by the keys, so that what is wrong is said of one kind only."""
    if isinstance(domain, Mapping):
        return "choices" if "choices" in domain else "range"
    return "choices" if isinstance(domain, Choices) else "range"


class Range(BaseModel):
    """Numbers between two bounds, both included; whole ones where the knob takes whole ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: int | float = Field(description="smallest value")
    high: int | float = Field(description="largest value")
    log: bool = Field(False, description="as likely between 1 and 10 as between 10 and 100")

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low ({self.low:g}) is above high ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs a low above 0, not {self.low:g}")
        return self


class Choices(BaseModel):
    """Values to choose from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    choices: tuple[bool | int | float | str, ...] = Field(
        min_length=1, description="values of the knob, each once"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Choices:
        if len(set(self.choices)) < len(self.choices):
            raise ValueError(f"choices name a value twice: {list(self.choices)}")
        return self


Domain = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(_kind)
]
#: As configuration gives it; None: the knob is not tuned.
OptionalDomain = Annotated[Domain | None, BeforeValidator(_without_nulls)]
