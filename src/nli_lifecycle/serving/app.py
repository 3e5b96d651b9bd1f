"""The service: its endpoints, and what they share, put together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from nli_lifecycle import __version__
from nli_lifecycle.serving.answering import Afterwards, Answering
from nli_lifecycle.serving.batching.batcher import Batcher
from nli_lifecycle.serving.endpoints.check import check_routes
from nli_lifecycle.serving.endpoints.classify import classify_routes
from nli_lifecycle.serving.endpoints.feedback import feedback_routes
from nli_lifecycle.serving.endpoints.invocations import invocations_routes
from nli_lifecycle.serving.endpoints.lifecycle import lifecycle_routes
from nli_lifecycle.serving.endpoints.monitoring import monitoring_routes
from nli_lifecycle.serving.endpoints.predict import predict_routes
from nli_lifecycle.serving.endpoints.probes import probe_routes
from nli_lifecycle.serving.endpoints.status import status_routes
from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.frame import Frame
from nli_lifecycle.serving.head import HeadReader
from nli_lifecycle.serving.log.record import InferenceLog
from nli_lifecycle.serving.model import Source
from nli_lifecycle.serving.monitoring import MonitoringFile
from nli_lifecycle.serving.page.routes import page_router
from nli_lifecycle.serving.problems import CODES, Problem
from nli_lifecycle.serving.security.guard import Guard
from nli_lifecycle.serving.security.tokens import Tokens
from nli_lifecycle.serving.settings import ServingSettings
from nli_lifecycle.serving.shortcut import Shortcut, endpoints_of
from nli_lifecycle.serving.telemetry.gauges import Gauges
from nli_lifecycle.serving.telemetry.meter import Meter


def create_app(
    settings: ServingSettings,
    source: Source,
    log: InferenceLog | None = None,
    reader: HeadReader | None = None,
    *,
    batcher: Batcher | None = None,
    shadow: Afterwards | None = None,
    environment: Mapping[str, str] = os.environ,
) -> FastAPI:
    """Put the service together.

    Args:
        settings: everything that ``serving.yml`` says.
        source: where the model that answers comes from; started and stopped by the caller.
        log: where answers and feedback go; closed with the service; None: nowhere.
        reader: the registry, for the lifecycle view; None: there is none.
        batcher: what answers, where others must see how busy it is; closed with the service; None:
            one by the settings.
        shadow: told of every answer; closed with the service, before the log.
        environment: variables among which the tokens are.

    Returns:
        The ASGI application.

    Raises:
        TokensError: the tokens cannot be read, or others could ask without any.
    """
    guard = Guard(Tokens(settings.security, environment), settings.host)
    meter = Meter()
    batching = batcher or Batcher(settings.batching)
    batching.on_batch = meter.batch
    answering = Answering(settings, source, batching, log, shadow)
    meter.registry.register(
        Gauges(source, lambda: batching.queued_pairs, {"log": log, "shadow": shadow})
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await batching.close()
        if shadow is not None:
            await shadow.close()
        if log is not None:
            await log.close()

    app = FastAPI(
        title="nli-lifecycle",
        summary="Natural Language Inference by the environment's champion.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own loads scripts from elsewhere; the page has one
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _no_such_endpoint},
    )
    predicting = (
        predict_routes(answering),
        classify_routes(answering),
        check_routes(answering),
        invocations_routes(answering),
    )
    for router in (
        *predicting,
        feedback_routes(log, settings.limits),
        probe_routes(source),
        status_routes(
            source,
            meter,
            reader.environment if reader else None,
            lambda: batching.queued_pairs,
            settings,
        ),
        lifecycle_routes(source, reader),
        monitoring_routes(MonitoringFile(settings.monitoring)),
        page_router(),
    ):
        app.include_router(router)
    app.add_middleware(Shortcut, endpoints=endpoints_of(predicting))
    app.add_middleware(Frame, guard=guard, meter=meter)
    if settings.security.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.security.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Id"],
            expose_headers=["X-Request-Id", "X-Model-Version", "X-Model-Digest", "X-Epoch"],
        )
    _describe_security(app)
    return app


async def _no_such_endpoint(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (404, 405), in our words."""
    assert isinstance(error, HTTPException)
    status = error.status_code if error.status_code in CODES else 400
    message = {404: "There is no such endpoint.", 405: "The endpoint has no such method."}
    problem = Problem(status, message.get(status, "Refused."), dict(error.headers or {}))
    return problem.response(Exchange.of(request.scope).request_id)


def _describe_security(app: FastAPI) -> None:
    """Add to the API's description how a token is given."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        schema = described()
        schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["bearer"] = {"type": "http", "scheme": "bearer"}
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
