"""GET /ping, /health and /version as MLflow's server has them, and /ready."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from nli_lifecycle import __version__
from nli_lifecycle.serving.answers import ModelName, json_response
from nli_lifecycle.serving.model import Source
from nli_lifecycle.serving.standing import describe, describe_registry

_TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}


class RegistryAnswer(BaseModel):
    """The registry, as the last look found it."""

    reachable: bool
    looked: float | None
    lag_epochs: int | None
    alert: str | None


class ReadyAnswer(RegistryAnswer):
    """Whether a model answers, and how it stands towards the registry."""

    ready: bool
    model: ModelName | None
    epoch: int | None


def probe_routes(source: Source) -> APIRouter:
    """The endpoints."""
    router = APIRouter(tags=["probes"])

    async def health() -> Response:
        """MLflow's server calls itself healthy when its model is loaded."""
        return PlainTextResponse("\n", 404 if source.served is None else 200)

    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": "A model answers.", **_TEXT},
        404: {"description": "There is no model yet.", **_TEXT},
    }
    for path in ("/ping", "/health"):
        router.add_api_route(
            path,
            health,
            responses=answers,
            response_class=PlainTextResponse,
            summary="Is there a model?",
            operation_id=path[1:],
        )

    @router.get(
        "/version",
        response_class=PlainTextResponse,
        summary="Version of MLflow whose protocol is answered",
        responses={200: {"description": "The version.", **_TEXT}},
    )
    async def protocol_version() -> Response:
        """Name the installed MLflow, else this service's own version."""
        return PlainTextResponse(_mlflow_version())

    @router.get(
        "/ready",
        summary="May traffic be sent here?",
        responses={
            200: {"model": ReadyAnswer, "description": "A model answers."},
            503: {"model": ReadyAnswer, "description": "There is no model yet."},
        },
    )
    async def ready() -> Response:
        """Ready means that a model answers, be the registry reachable or not."""
        served = source.served
        content = {
            "ready": served is not None,
            "model": describe(served.release) if served else None,
            "epoch": served.release.epoch if served else None,
            **describe_registry(source),
        }
        return json_response(content, 200 if served else 503)

    return router


def _mlflow_version() -> str:
    for distribution in ("mlflow", "mlflow-skinny"):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return __version__
