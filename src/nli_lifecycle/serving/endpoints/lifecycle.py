"""GET /lifecycle: environments, champions, decisions; POST /admin/refresh: look at them now."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle.serving.answers import json_response
from nli_lifecycle.serving.documented import refusals
from nli_lifecycle.serving.endpoints.probes import ReadyAnswer
from nli_lifecycle.serving.head import HeadReader, HeadUnavailable
from nli_lifecycle.serving.model import Source
from nli_lifecycle.serving.problems import Problem, unavailable
from nli_lifecycle.serving.standing import describe, describe_registry

FRESH_S = 5.0
RETRY_S = 5.0
PATIENCE_S = 5.0  # with a registry that hangs

_logger = logging.getLogger(__name__)


class LifecycleView:
    """What the registry says of the environments, asked at most every few seconds."""

    def __init__(self, reader: HeadReader, patience_s: float = PATIENCE_S) -> None:
        self._reader = reader
        self._patience_s = patience_s
        self._known: dict[str, Any] | None = None
        self._asked = -FRESH_S
        self._looked: float | None = None  # unix time of the last answer
        self._failed = False
        self._asking: asyncio.Task[None] | None = None

    async def look(self) -> dict[str, Any]:
        """Give what is known, asked anew where that is a few seconds old.

        Raises:
            Problem: 503 with what was known last, while the registry cannot be asked or hangs.
        """
        if self._asking is None and time.monotonic() - self._asked >= FRESH_S:
            self._asking = asyncio.create_task(self._ask())
        if self._asking is not None:  # everybody waits for one question
            await asyncio.wait({self._asking}, timeout=self._patience_s)
        if self._asking is not None or self._failed or self._known is None:
            raise Problem(
                503,
                "The registry cannot be asked at the moment; last_known is what it said before.",
                {"Retry-After": f"{RETRY_S:.0f}"},
                {"last_known": self._known, "looked": self._looked},
            )
        return self._known

    async def _ask(self) -> None:
        try:
            self._known = await asyncio.to_thread(self._reader.lifecycle)
            self._looked, self._failed = time.time(), False
        except Exception as error:
            self._failed = True
            if not isinstance(error, HeadUnavailable):
                _logger.error("The lifecycle cannot be told: %s", error, exc_info=error)
        finally:
            self._asked = time.monotonic()
            self._asking = None


def lifecycle_routes(source: Source, reader: HeadReader | None) -> APIRouter:
    """The endpoints."""
    router = APIRouter()
    view = LifecycleView(reader) if reader is not None else None

    @router.get(
        "/lifecycle",
        tags=["status"],
        summary="Environments, champions and decisions",
        responses={
            200: {"description": "As the registry says.", "model": dict[str, Any]},
            **refusals(404, 503),
        },
    )
    async def lifecycle() -> Response:
        """What the page shows of the lifecycle."""
        if view is None:
            raise Problem(404, "This service follows no registry.")
        return json_response(await view.look())

    @router.post(
        "/admin/refresh",
        tags=["admin"],
        summary="Look at the ledger's head now",
        responses={
            200: {"model": ReadyAnswer, "description": "How the service stands after it."},
            **refusals(401, 403, 500, 503),
        },
        openapi_extra={"security": [{"bearer": []}]},
    )
    async def refresh(request: Request) -> Response:
        """Take in a new champion without waiting for the next look."""
        try:
            await source.refresh()
        except HeadUnavailable:
            raise unavailable("The registry cannot be asked at the moment.", RETRY_S) from None
        served = source.served
        return json_response(
            {
                "ready": served is not None,
                "model": describe(served.release) if served else None,
                "epoch": served.release.epoch if served else None,
                **describe_registry(source),
            }
        )

    return router
