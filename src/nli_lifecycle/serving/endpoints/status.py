"""GET /status and /metrics: how the service is doing, for people and for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from prometheus_client import generate_latest
from pydantic import BaseModel
from starlette.responses import Response

from nli_lifecycle.serving.answers import ModelName, json_response
from nli_lifecycle.serving.endpoints.probes import RegistryAnswer
from nli_lifecycle.serving.model import Source
from nli_lifecycle.serving.settings import ServingSettings
from nli_lifecycle.serving.standing import describe, describe_registry
from nli_lifecycle.serving.telemetry.meter import Meter

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Point(BaseModel):
    """A second that had requests."""

    t: float
    requests: int
    p50_ms: float | None


class TrafficAnswer(BaseModel):
    """Predicting requests of the last minute."""

    window_s: int
    requests: int
    errors: int
    pairs: int
    p50_ms: float | None
    p99_ms: float | None
    series: list[Point]


class QueueAnswer(BaseModel):
    """Pairs that wait, and how many may."""

    pairs: int
    limit: int


class ShadowAnswer(ModelName):
    """The candidate that answers for the log only, and which share of the requests."""

    share: float


class StatusAnswer(BaseModel):
    """What the page shows of the service."""

    environment: str | None
    model: ModelName | None
    registry: RegistryAnswer
    traffic: TrafficAnswer
    queue: QueueAnswer
    shadow: ShadowAnswer | None
    uptime_s: float


def status_routes(
    source: Source,
    meter: Meter,
    environment: str | None,
    queued_pairs: Callable[[], int],
    settings: ServingSettings,
) -> APIRouter:
    """The endpoints."""
    router = APIRouter(tags=["status"])
    started = time.monotonic()

    def shadow() -> dict[str, Any] | None:
        candidate, share = source.candidate, settings.shadow.share
        if candidate is None or not share:
            return None
        return {**describe(candidate.release), "share": share}

    @router.get(
        "/status",
        summary="Model, registry, traffic and queue",
        responses={200: {"model": StatusAnswer, "description": "The state of the moment."}},
    )
    async def status() -> Response:
        """What the page shows."""
        served = source.served
        return json_response(
            {
                "environment": environment,
                "model": describe(served.release) if served else None,
                "registry": describe_registry(source),
                "traffic": meter.traffic.summary(),
                "queue": {"pairs": queued_pairs(), "limit": settings.batching.max_queued_pairs},
                "shadow": shadow(),
                "uptime_s": round(time.monotonic() - started, 3),
            }
        )

    @router.get(
        "/metrics",
        summary="Prometheus' metrics",
        response_class=Response,
        responses={
            200: {
                "description": "The text format.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        },
    )
    async def metrics() -> Response:
        """What Prometheus scrapes."""
        return Response(generate_latest(meter.registry), headers={"Content-Type": _EXPOSITION})

    return router
