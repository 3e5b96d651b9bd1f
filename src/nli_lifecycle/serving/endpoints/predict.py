"""POST /predict: pairs in, label and probabilities out."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle.serving.admission import admit_pairs
from nli_lifecycle.serving.answering import Answering
from nli_lifecycle.serving.answers import AnswerBase, Prediction, json_response, prediction
from nli_lifecycle.serving.documented import body, predicting, schema_of
from nli_lifecycle.serving.endpoints.requests import PREDICT, Pair, parse
from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.standing import describe

_EXAMPLE = {"premise": "A dog runs in the snow.", "hypothesis": "An animal is outside."}


class PredictAnswer(AnswerBase):
    """Answers in the order of the pairs."""

    predictions: list[Prediction] = Field(min_length=1)


def predict_routes(answering: Answering) -> APIRouter:
    """The endpoint."""
    router = APIRouter(tags=["predict"])
    limits = answering.settings.limits

    @router.post(
        "/predict",
        summary="Does the hypothesis follow from the premise?",
        responses=predicting(PredictAnswer),
        openapi_extra=body(schema_of(PREDICT), _EXAMPLE),
    )
    async def predict(request: Request) -> Response:
        """Answer a pair, or several."""
        served = answering.begin(request)
        asked = await parse(request, PREDICT, limits)
        entries = (asked,) if isinstance(asked, Pair) else asked.pairs
        pairs = [(entry.premise, entry.hypothesis) for entry in entries]
        admit_pairs(pairs, limits)
        probabilities = await answering.answer(request, served, pairs)
        return json_response(
            {
                "request_id": Exchange.of(request.scope).request_id,
                "model": describe(served.release),
                "predictions": [prediction(row) for row in probabilities.tolist()],
            }
        )

    return router
