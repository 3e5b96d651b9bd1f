"""POST /classify: zero-shot classification of texts by any labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle.serving.admission import admit_count, admit_texts
from nli_lifecycle.serving.answering import Answering
from nli_lifecycle.serving.answers import AnswerBase, json_response
from nli_lifecycle.serving.documented import body, predicting, schema_of
from nli_lifecycle.serving.endpoints.requests import CLASSIFY, ClassifyText, parse
from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.standing import describe
from nli_lifecycle.serving.tasks.zero_shot import hypotheses, scores

_EXAMPLE = {
    "text": "The striker scored twice in the last minutes.",
    "labels": ["sports", "politics", "cooking"],
}


class Labelled(BaseModel):
    """A text's labels, the best first, and the score of each."""

    labels: list[str] = Field(min_length=1)
    scores: list[float] = Field(min_length=1)


class ClassifyAnswer(AnswerBase):
    """Answers in the order of the texts."""

    results: list[Labelled] = Field(min_length=1)


def classify_routes(answering: Answering) -> APIRouter:
    """The endpoint."""
    router = APIRouter(tags=["predict"])
    limits = answering.settings.limits

    @router.post(
        "/classify",
        summary="Which of these labels fits the text?",
        responses=predicting(ClassifyAnswer),
        openapi_extra=body(schema_of(CLASSIFY), _EXAMPLE),
    )
    async def classify(request: Request) -> Response:
        """Score every label for every text: texts × labels pairs."""
        served = answering.begin(request)
        asked = await parse(request, CLASSIFY, limits)
        texts = [asked.text] if isinstance(asked, ClassifyText) else asked.texts
        admit_count(len(texts) * len(asked.labels), limits)
        claims = hypotheses(asked.labels, asked.template)
        admit_texts(((f"Text {i}", text) for i, text in enumerate(texts)), limits)
        admit_texts(((f"Label {i} in the template", c) for i, c in enumerate(claims)), limits)
        pairs = [(text, claim) for text in texts for claim in claims]
        probabilities = await answering.answer(request, served, pairs)
        by_text = probabilities.reshape(len(texts), len(claims), -1)
        return json_response(
            {
                "request_id": Exchange.of(request.scope).request_id,
                "model": describe(served.release),
                "results": [_ranked(asked.labels, scores(p, asked.multi_label)) for p in by_text],
            }
        )

    return router


def _ranked(labels: list[str], values: npt.NDArray[np.float64]) -> dict[str, Any]:
    order = np.argsort(-values, kind="stable")
    return {"labels": [labels[i] for i in order], "scores": values[order].tolist()}
