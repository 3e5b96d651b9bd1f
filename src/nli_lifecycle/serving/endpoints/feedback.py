"""POST /feedback: what somebody says the label of an answered pair is."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle.serving.answers import json_response
from nli_lifecycle.serving.documented import READING, body, refusals, schema_of
from nli_lifecycle.serving.endpoints.requests import FEEDBACK, parse
from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.log.record import Feedback, InferenceLog, LogUnavailable
from nli_lifecycle.serving.problems import Problem, unavailable
from nli_lifecycle.serving.settings import LimitSettings

_EXAMPLE = {"request_id": "4f1c", "position": 0, "label": "entailment", "source": "reviewer"}


class FeedbackAnswer(BaseModel):
    """What became of it."""

    request_id: str
    status: Literal["taken", "known"]


def feedback_routes(log: InferenceLog | None, limits: LimitSettings) -> APIRouter:
    """The endpoint."""
    router = APIRouter(tags=["feedback"])

    @router.post(
        "/feedback",
        summary="Say what an answered pair's label really is",
        responses={
            202: {"model": FeedbackAnswer, "description": "Taken in."},
            200: {"model": FeedbackAnswer, "description": "Known already, word for word."},
            **refusals(*READING, 404, 503),
        },
        openapi_extra=body(schema_of(FEEDBACK), _EXAMPLE),
        status_code=202,
    )
    async def feedback(request: Request) -> Response:
        """Take feedback in; at any time, also twice. Each source's last word counts."""
        said = await parse(request, FEEDBACK, limits)
        if log is None:
            raise Problem(404, "This service keeps no log (log.enabled), so no feedback either.")
        row = Feedback(
            said.request_id,
            said.position,
            said.label,
            said.source,
            datetime.now(timezone.utc),
            said.comment,
        )
        try:
            new = await log.feedback(row)
        except LogUnavailable:
            raise unavailable("The feedback could not be kept; send it again.", 5) from None
        request_id = Exchange.of(request.scope).request_id
        return json_response(
            {"request_id": request_id, "status": "taken" if new else "known"}, 202 if new else 200
        )

    return router
