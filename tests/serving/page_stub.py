"""A service that answers the page from a fixed table, and fails when told to."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from page_table import answer, best, probabilities, ready_environments, ready_status

from nli_lifecycle.monitoring.report import MonitoringReport
from nli_lifecycle.report.monitoring.page import render_monitoring
from nli_lifecycle.serving.endpoints.monitoring import monitoring_routes
from nli_lifecycle.serving.monitoring import FRESH_S, MonitoringFile
from nli_lifecycle.serving.page.routes import page_router
from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import MonitoringSettings

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PUBLIC = ("/page/", "/docs", "/openapi.json")


@dataclass
class Stub:
    """What the service is to say; tests change it between two requests."""

    port: int = 0
    token: str | None = None
    open_paths: tuple[str, ...] = (
        "/status",
        "/lifecycle",
        "/monitoring",
        "/monitoring/report",
    )  # need no token
    #: path → (status, message, headers): how a path fails.
    failing: dict[str, tuple[int, str, dict[str, str]]] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)  # what of /status is otherwise
    environments: list[dict[str, Any]] | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    feedback: set[tuple[str, str]] = field(default_factory=set)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))  # of monitoring

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        self.token, self.open_paths, self.environments = None, Stub.open_paths, None
        for kept in (self.failing, self.status, self.asked, self.feedback):
            kept.clear()
        for path in self.folder.iterdir():
            path.unlink()

    def monitored(self, report: MonitoringReport) -> None:
        """Write what monitoring found, as its pipeline does."""
        (self.folder / "report.json").write_text(report.model_dump_json())
        (self.folder / "report.html").write_text(render_monitoring(report))


def stub_app(stub: Stub) -> FastAPI:
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        exception_handlers={Problem: lambda _, problem: problem.response("r-refused")},
    )
    app.include_router(page_router())
    settings = MonitoringSettings(report=str(stub.folder / "report.json"))
    every_time = itertools.count(step=int(FRESH_S)).__next__
    app.include_router(monitoring_routes(MonitoringFile(settings, every_time)))

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        path = request.url.path
        needed = stub.token and not path.startswith(PUBLIC) and path != "/"
        given = request.headers.get("authorization")
        if needed and path not in stub.open_paths and given != f"Bearer {stub.token}":
            response: Response = refusal(401, "This needs a token.", {})
        elif path in stub.failing:
            response = refusal(*stub.failing[path])
        else:
            response = await call_next(request)
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.post("/predict")
    async def predict(body: dict[str, Any]) -> dict[str, Any]:
        stub.asked.append(("/predict", body))
        found = probabilities(body["hypothesis"])
        return answer(predictions=[{"label": best(found), "probabilities": found}])

    @app.post("/classify")
    async def classify(body: dict[str, Any]) -> dict[str, Any]:
        stub.asked.append(("/classify", body))
        scores = [0.9 / (2**place) for place in range(len(body["labels"]))]
        if not body["multi_label"]:
            scores = [score / sum(scores) for score in scores]
        return answer(results=[{"labels": body["labels"], "scores": scores}])

    @app.post("/check")
    async def check(body: dict[str, Any]) -> dict[str, Any]:
        stub.asked.append(("/check", body))
        sentences = list(re.finditer(r"[^.!?]+[.!?]", body["document"]))
        results = []
        for claim, text in enumerate(body["claims"]):
            found = probabilities(text)
            near = sentences[claim % len(sentences)] if sentences else None
            start = near.start() + len(near[0]) - len(near[0].lstrip(" 🚧")) if near else 0
            evidence = [
                {
                    "text": body["document"][start : near.end()],
                    "start": start,
                    "end": near.end(),
                }
                for near in [near]
                if near
            ]
            results.append({"label": best(found), "probabilities": found, "evidence": evidence})
        return answer(results=results)

    @app.post("/feedback")
    async def feedback(body: dict[str, Any]) -> dict[str, str]:
        stub.asked.append(("/feedback", body))
        said = (body["request_id"], body["label"])
        known = said in stub.feedback
        stub.feedback.add(said)
        return {"status": "known" if known else "recorded"}

    @app.get("/status")
    async def status() -> dict[str, Any]:
        stub.asked.append(("/status", None))
        return ready_status() | stub.status

    @app.get("/lifecycle")
    async def lifecycle() -> dict[str, Any]:
        stub.asked.append(("/lifecycle", None))
        found = ready_environments() if stub.environments is None else stub.environments
        return {"environments": found}

    return app


def refusal(status: int, message: str, headers: dict[str, str]) -> JSONResponse:
    code = {401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "TEMPORARILY_UNAVAILABLE"}
    content = {
        "error_code": code.get(status, "INVALID_PARAMETER_VALUE"),
        "message": message,
        "request_id": "r-refused",
    }
    return JSONResponse(content, status, headers)


@contextmanager
def running(stub: Stub) -> Iterator[Stub]:
    """Serve the stub on its port, a free one the first time; it may be started again there."""
    stub.folder.mkdir(exist_ok=True)
    config = uvicorn.Config(stub_app(stub), port=stub.port, log_level="warning", ws="none")
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    stub.port = socket.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the stub did not start"
        time.sleep(0.01)
    try:
        yield stub
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        shutil.rmtree(stub.folder, ignore_errors=True)
