"""POST /check: claims against a document, with the sentences that decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.serving.admission import admit_count, admit_texts
from nli_lifecycle.serving.answering import Answering
from nli_lifecycle.serving.answers import AnswerBase, Prediction, json_response
from nli_lifecycle.serving.documented import body, predicting, schema_of
from nli_lifecycle.serving.endpoints.requests import CHECK, parse
from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.standing import describe
from nli_lifecycle.serving.tasks.claims import Checked, check, windows
from nli_lifecycle.serving.tasks.sentences import Sentence, split_sentences

_EXAMPLE = {
    "document": "The bridge opened in 1932. It is painted grey. Eight lanes cross it.",
    "claims": ["The bridge is grey.", "The bridge opened in 1950."],
}


class Evidence(BaseModel):
    """A sentence of the document: its characters from start up to end, counted in code points."""

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    text: str


class CheckedClaim(Prediction):
    """What the document says about a claim; neutral has no evidence."""

    evidence: list[Evidence]


class CheckAnswer(AnswerBase):
    """Answers in the order of the claims."""

    results: list[CheckedClaim] = Field(min_length=1)


def check_routes(answering: Answering) -> APIRouter:
    """The endpoint."""
    router = APIRouter(tags=["predict"])
    limits = answering.settings.limits

    @router.post(
        "/check",
        summary="What does the document say about these claims?",
        responses=predicting(CheckAnswer),
        openapi_extra=body(schema_of(CHECK), _EXAMPLE),
    )
    async def check_claims(request: Request) -> Response:
        """Answer every claim from every window of sentences: claims × windows pairs."""
        served = answering.begin(request)
        asked = await parse(request, CHECK, limits)
        admit_texts([("document", asked.document)], limits)
        admit_texts(((f"Claim {i}", claim) for i, claim in enumerate(asked.claims)), limits)
        read = windows(split_sentences(asked.document), asked.window_sentences)
        admit_count(len(read) * len(asked.claims), limits)
        premises = [asked.document[window[0].start : window[-1].end] for window in read]
        pairs = [(premise, claim) for claim in asked.claims for premise in premises]
        probabilities = await answering.answer(request, served, pairs)
        by_claim = probabilities.reshape(len(asked.claims), len(read), -1)
        return json_response(
            {
                "request_id": Exchange.of(request.scope).request_id,
                "model": describe(served.release),
                "results": [_worded(check(p), read, asked.document) for p in by_claim],
            }
        )

    return router


def _worded(checked: Checked, read: Sequence[Sequence[Sentence]], document: str) -> dict[str, Any]:
    evidence = () if checked.window is None else read[checked.window]
    return {
        "label": checked.label,
        "probabilities": dict(zip(LABELS, checked.probabilities.tolist())),
        "evidence": [
            {"start": s.start, "end": s.end, "text": document[s.start : s.end]} for s in evidence
        ],
    }
