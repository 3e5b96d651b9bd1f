"""POST /invocations: MLflow's scoring protocol, answered as ``mlflow models serve`` answers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.serving.admission import admit_pairs
from nli_lifecycle.serving.answering import Answering, Pairs
from nli_lifecycle.serving.answers import json_response
from nli_lifecycle.serving.bodies import check_utf8, read_body
from nli_lifecycle.serving.documented import body, predicting
from nli_lifecycle.serving.mlflow_protocol import ProtocolError, parse_csv, parse_json
from nli_lifecycle.serving.mlflow_schema import EXAMPLE_CSV, EXAMPLE_JSON, SCHEMA
from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import LimitSettings

_COLUMNS = tuple(f"p_{label}" for label in LABELS)


class Row(BaseModel):
    """A row as the model's signature names its columns."""

    label: str
    p_entailment: float
    p_neutral: float
    p_contradiction: float


class InvocationsAnswer(BaseModel):
    """Answers in the order of the rows; which model gave them is in the headers."""

    predictions: list[Row]


def invocations_routes(answering: Answering) -> APIRouter:
    """The endpoint."""
    router = APIRouter(tags=["MLflow"])
    limits = answering.settings.limits
    described = body(SCHEMA, EXAMPLE_JSON)
    described["requestBody"]["content"]["text/csv"] = {
        "schema": {"type": "string"},
        "examples": {"example": {"value": EXAMPLE_CSV}},
    }

    @router.post(
        "/invocations",
        summary="MLflow's scoring protocol",
        responses=predicting(InvocationsAnswer),
        openapi_extra=described,
    )
    async def invocations(request: Request) -> Response:
        """Answer the rows of a data frame."""
        served = answering.begin(request)
        pairs = await _parse(request, limits)
        probabilities = await answering.answer(request, served, pairs)
        return json_response({"predictions": [_row(p) for p in probabilities.tolist()]})

    return router


async def _parse(request: Request, limits: LimitSettings) -> Pairs:
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    parsers = {"application/json": parse_json, "text/csv": parse_csv}
    parser = parsers.get(kind.strip().lower())
    if parser is None:
        raise Problem(415, f"The body must be of one of these types: {', '.join(parsers)}.")
    check_utf8(parameters)
    try:
        pairs = parser(await read_body(request, limits))
    except ProtocolError as error:
        raise Problem(400, str(error)) from None
    admit_pairs(pairs, limits)
    return pairs


def _row(probabilities: list[float]) -> dict[str, Any]:
    label = LABELS[max(range(len(LABELS)), key=probabilities.__getitem__)]
    return {"label": label, **dict(zip(_COLUMNS, probabilities))}
