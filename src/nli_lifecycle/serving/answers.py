"""JSON as the endpoints answer it, and its schema for the API's description."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from nli_lifecycle.nli.labels import LABELS


class ModelName(BaseModel):
    """Which version answered."""

    name: str
    version: str
    digest: str = Field(description="the first 12 digits of the bundle's digest")
    epoch: int = Field(description="the ledger's epoch as of which it is champion")


class Probabilities(BaseModel):
    """How probable each label is; calibrated; the sum is 1."""

    entailment: float
    neutral: float
    contradiction: float


class Prediction(BaseModel):
    """A pair's answer."""

    label: str = Field(json_schema_extra={"enum": list(LABELS)})
    probabilities: Probabilities


class AnswerBase(BaseModel):
    """What all answers begin with."""

    model_config = ConfigDict(protected_namespaces=())

    request_id: str
    model: ModelName


def json_response(content: Any, status: int = 200) -> Response:
    """An answer; floats are written so that they read back exactly."""
    return Response(
        orjson.dumps(content), status, {"Cache-Control": "no-store"}, "application/json"
    )


def prediction(probabilities: list[float]) -> dict[str, Any]:
    """Word a pair's three probabilities."""
    return {
        "label": LABELS[max(range(len(LABELS)), key=probabilities.__getitem__)],
        "probabilities": dict(zip(LABELS, probabilities)),
    }
