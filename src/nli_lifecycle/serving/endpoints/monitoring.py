"""GET /monitoring: what monitoring found last; /monitoring/report: the same as a page."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle.serving.documented import refusals
from nli_lifecycle.serving.monitoring import MonitoringFile

#: The page holds one style and nothing that runs; it may ask for nothing.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
_STALE = {
    "Warning": {
        "description": '110 and a sentence, where it is old, or the last good one: 110 - "…"',
        "schema": {"type": "string"},
    }
}


class MonitoringAnswer(BaseModel):
    """What monitoring found; every field: ``nli_lifecycle.monitoring.report``."""

    model_config = ConfigDict(extra="allow")

    environment: str
    model: str = Field(description="registered name")
    made: str = Field(description="when, ISO 8601")
    watermark: int = Field(description="arrival up to which the log has been read")
    account: dict[str, Any] = Field(description="where the rows and the feedback went")
    windows: list[dict[str, Any]] = Field(description="findings of each window, oldest first")
    slices: list[dict[str, Any]] = Field(description="realised accuracy of slices")
    releases: list[dict[str, Any]] = Field(description="entries of the ledger")
    alerts: list[dict[str, Any]] = Field(description="resolved ones too")
    actions: list[dict[str, Any]] = Field(description="planned, done and failed ones")
    notes: list[str] = Field(description="what people should know")


def monitoring_routes(file: MonitoringFile) -> APIRouter:
    """The endpoints."""
    router = APIRouter(tags=["status"])

    @router.get(
        "/monitoring",
        summary="What monitoring found",
        responses={
            200: {
                "model": MonitoringAnswer,
                "description": "The last good document.",
                "headers": _STALE,
            },
            304: {"description": "It is the one that If-None-Match names."},
            **refusals(404, 503),
        },
    )
    async def monitoring(request: Request) -> Response:
        """The document as monitoring wrote it."""
        document, fault = await file.document()
        headers = {"ETag": document.etag, "Cache-Control": "no-cache"}
        if fault:
            headers["Warning"] = f'110 - "{fault}"'
        if request.headers.get("if-none-match") == document.etag:
            return Response(status_code=304, headers=headers)
        return Response(document.body, headers=headers, media_type="application/json")

    @router.get(
        "/monitoring/report",
        summary="What monitoring found, as a page",
        response_class=Response,
        responses={
            200: {
                "description": "HTML that needs nothing else.",
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
            **refusals(404),
        },
    )
    async def report() -> Response:
        """The page that lies beside the document."""
        headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
        return Response(await file.page(), headers=headers, media_type="text/html; charset=utf-8")

    return router
