"""The bodies that our own endpoints take."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)
from starlette.requests import Request

from nli_lifecycle.serving.bodies import check_json, read_body
from nli_lifecycle.serving.exchange import REQUEST_ID
from nli_lifecycle.serving.problems import invalid
from nli_lifecycle.serving.settings import LimitSettings
from nli_lifecycle.serving.tasks.zero_shot import TEMPLATE

T = TypeVar("T")


def _whole(value: Any) -> Any:
    """1.0 is an integer to JSON schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Pair(_Body):
    """A premise, and what is said in its light."""

    premise: str
    hypothesis: str


class Pairs(_Body):
    """Several pairs, answered in their order."""

    pairs: list[Pair] = Field(min_length=1)


def _pairs_or_pair(body: Any) -> str:
    return "several" if isinstance(body, dict) and "pairs" in body else "one"


PredictBody: Any = Annotated[
    Annotated[Pairs, Tag("several")] | Annotated[Pair, Tag("one")], Discriminator(_pairs_or_pair)
]


def _unique(labels: list[str]) -> list[str]:
    if len(set(labels)) < len(labels):
        raise ValueError("a label is given twice")
    return labels


class _Classify(_Body):
    labels: Annotated[list[Annotated[str, Field(min_length=1)]], AfterValidator(_unique)] = Field(
        min_length=1, json_schema_extra={"uniqueItems": True}
    )
    template: str = Field(
        TEMPLATE, pattern=r"\{\}", description="the hypothesis, with {} where the label goes"
    )
    multi_label: bool = Field(False, description="whether several labels may hold at once")


class ClassifyText(_Classify):
    """A text to be labelled."""

    text: str


class ClassifyTexts(_Classify):
    """Texts to be labelled, each by itself."""

    texts: list[str] = Field(min_length=1)


def _texts_or_text(body: Any) -> str:
    return "several" if isinstance(body, dict) and "texts" in body else "one"


ClassifyBody: Any = Annotated[
    Annotated[ClassifyTexts, Tag("several")] | Annotated[ClassifyText, Tag("one")],
    Discriminator(_texts_or_text),
]


class CheckBody(_Body):
    """Claims to be checked against a document."""

    document: str = Field(pattern=r"\S", description="any text that is not empty")
    claims: list[str] = Field(min_length=1)
    window_sentences: Whole = Field(
        1, ge=1, le=50, description="consecutive sentences read together, as one premise"
    )


class FeedbackBody(_Body):
    """What somebody says an answered pair's label is."""

    request_id: str = Field(pattern=REQUEST_ID)
    position: Whole = Field(0, ge=0, le=2**31 - 1, description="the pair's place in its request")
    label: Literal["entailment", "neutral", "contradiction"]
    source: str = Field(min_length=1, max_length=100, description="who or what says so")
    comment: str = Field("", max_length=10_000)


#: Names that an error may repeat: any other was the caller's invention.
KNOWN = frozenset(
    name
    for model in (Pair, Pairs, ClassifyText, ClassifyTexts, CheckBody, FeedbackBody)
    for name in model.model_fields
)

PREDICT: TypeAdapter[Pairs | Pair] = TypeAdapter(PredictBody)
CLASSIFY: TypeAdapter[ClassifyTexts | ClassifyText] = TypeAdapter(ClassifyBody)
CHECK: TypeAdapter[CheckBody] = TypeAdapter(CheckBody)
FEEDBACK: TypeAdapter[FeedbackBody] = TypeAdapter(FeedbackBody)


async def parse(request: Request, adapter: TypeAdapter[T], limits: LimitSettings) -> T:
    """Read and validate a JSON body.

    Raises:
        Problem: 408, 413, 415; 400 when it is no JSON; 422 when it is not what the schema says.
    """
    check_json(request)
    body = await read_body(request, limits)
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise invalid(error, KNOWN) from None
