"""A service that answers the page from a fixed table, and fails when told to."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from nli_lifecycle.serving.page.routes import page_router

LABELS = ("entailment", "neutral", "contradiction")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DIGEST = "3f9ac1d27b604e5d8a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f50617"
OLDER = "77e0b3aa1c9d4f2ab8e6d5c4b3a29180f1e2d3c4b5a697887766554433221100"
NEWER = "c41d9ef08a7b4c6d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f"
MODEL = {"name": "prod.nli.classifier", "version": "7", "digest": DIGEST, "epoch": 12}
PUBLIC = ("/page/", "/docs", "/openapi.json")
#: What the model finds of a hypothesis or a claim, whatever the premise is.
TABLE = {
    "Somebody is making music.": (0.962, 0.031, 0.007),
    "The dogs are asleep by the fire.": (0.004, 0.021, 0.975),
    "The vote was unanimous.": (0.118, 0.824, 0.058),
    "The bridge is closed.": (0.941, 0.048, 0.011),
    "Repairs will be finished within a week.": (0.012, 0.057, 0.931),
    "The ferry also carries cars.": (0.214, 0.702, 0.084),
}


def probabilities(hypothesis: str) -> dict[str, float]:
    return dict(zip(LABELS, TABLE.get(hypothesis, (0.2, 0.7, 0.1))))


def best(found: dict[str, float]) -> str:
    return max(found, key=lambda label: found[label])


@dataclass
class Stub:
    """What the service is to say; tests change it between two requests."""

    port: int = 0
    token: str | None = None
    open_paths: tuple[str, ...] = ("/status", "/lifecycle")  # need no token
    #: path → (status, message, headers): how a path fails.
    failing: dict[str, tuple[int, str, dict[str, str]]] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)  # what of /status is otherwise
    environments: list[dict[str, Any]] | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    feedback: set[tuple[str, str]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        self.token, self.open_paths, self.environments = None, Stub.open_paths, None
        for kept in (self.failing, self.status, self.asked, self.feedback):
            kept.clear()


def stub_app(stub: Stub) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(page_router())

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
        response.headers["Content-Security-Policy"] = CSP
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
                    "label": best(found),
                    "probability": found[best(found)],
                }
                for near in [near]
                if near
            ]
            results.append(
                {"claim": claim, "label": best(found), "probabilities": found, "evidence": evidence}
            )
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


def answer(**rest: Any) -> dict[str, Any]:
    return {"request_id": uuid.uuid4().hex[:16], "model": MODEL, **rest}


def ready_status() -> dict[str, Any]:
    """A minute's traffic: a point per second that had requests, none for twelve seconds."""
    now = int(time.time())
    load = [8 + place % 7 + place // 8 for place in range(60)]
    series = [
        {"t": now - 60 + place, "requests": requests, "p50_ms": 6 + requests / 4}
        for place, requests in enumerate(load)
        if not 20 <= place < 32
    ]
    return {
        "environment": "prod",
        "model": MODEL,
        "registry": {"reachable": True, "looked": now - 3, "lag_epochs": 0, "alert": None},
        "traffic": {
            "window_s": 60,
            "requests": 654,
            "errors": 2,
            "pairs": 3270,
            "p50_ms": 10.4,
            "p99_ms": 41.7,
            "series": series,
        },
        "queue": {"pairs": 18, "limit": 2048},
        "uptime_s": 93_500.0,
    }


def ready_environments() -> list[dict[str, Any]]:
    """Three environments: a quiet one, one with a candidate, a frozen one."""

    def ref(version: str, digest: str, epoch: int, since: str) -> dict[str, Any]:
        return {"version": version, "digest": digest, "epoch": epoch, "since": since}

    def decision(when: str, kind: str, version: str, digest: str, reason: str, report: str | None):
        return {
            "time": when,
            "kind": kind,
            "version": version,
            "digest": digest,
            "actor": "ci@example.org",
            "reason": reason,
            "report": report,
        }

    promoted = decision(
        "2026-11-20T09:12:44+00:00",
        "promote",
        "7",
        DIGEST,
        "Accuracy +1.2 points (0.4 to 2.0), no slice worse.",
        "https://mlflow.example.org/#/experiments/3/runs/9c1f/artifacts/report.html",
    )
    rejected = decision(
        "2026-11-22T16:40:02+00:00",
        "reject",
        "8",
        NEWER,
        "Slice genre=legal: -3.1 points (-5.0 to -1.2), allowed -2.0.",
        "https://mlflow.example.org/#/experiments/3/runs/77aa/artifacts/report.html",
    )
    rolled = decision(
        "2026-11-18T07:03:00+00:00",
        "rollback",
        "6",
        OLDER,
        "Customers report wrong answers about dates.",
        None,
    )
    champion = ref("7", DIGEST, 12, "2026-11-20T09:12:44+00:00")
    older = ref("6", OLDER, 11, "2026-11-02T11:00:00+00:00")
    candidate = ref("8", NEWER, 12, "2026-11-22T16:00:00+00:00")
    empty = {"champion": None, "previous": None, "candidate": None, "frozen": None, "decisions": []}
    return [
        {
            "environment": "dev",
            "model": "dev.nli.classifier",
            **empty,
        },
        {
            "environment": "staging",
            "model": "staging.nli.classifier",
            "champion": champion,
            "previous": older,
            "candidate": candidate,
            "frozen": None,
            "decisions": [rejected, promoted],
        },
        {
            "environment": "prod",
            "model": "prod.nli.classifier",
            "champion": champion,
            "previous": older,
            "candidate": None,
            "frozen": "Holiday season, until January 7 (ops@example.org)",
            "decisions": [promoted, rolled],
        },
    ]


@contextmanager
def running(stub: Stub) -> Iterator[Stub]:
    """Serve the stub on its port, a free one the first time; it may be started again there."""
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
