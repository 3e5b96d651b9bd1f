"""A service to test: a tiny real classifier behind a real server, and a client that sends bytes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.serving.head import HeadUnavailable, Release
from nli_lifecycle.serving.log.record import Answered, Feedback, LogUnavailable
from nli_lifecycle.serving.model import Served, Standing
from nli_lifecycle.serving.server import make_server
from nli_lifecycle.serving.settings import ServingSettings

RELEASE = Release("dev.nli.classifier", "3", "0123456789abcdef" * 4, 7)
PAIR = {"premise": "the dog runs outside", "hypothesis": "some dog runs"}


def make_settings(**changes: Any) -> ServingSettings:
    """Settings without places: what these tests run follows and logs nothing by itself."""
    return ServingSettings.model_validate(
        {
            "port": 0,
            "follow": {"cache": "unused"},
            "log": {"url": "sqlite://", "journal": "unused"},
            "batching": {"workers": 2},
            **changes,
        }
    )


def serve(payload: Path, release: Release = RELEASE) -> Served:
    """Load a payload as what is served."""
    return Served(release, Classifier.load(payload, threads=1), payload)


@dataclass
class FixedSource:
    """A source whose model changes only when a test says so."""

    served: Served | None
    candidate: Served | None = None
    reachable: bool = True
    alert: str | None = None
    head: Release | None = RELEASE
    refreshed: int = 0

    def standing(self) -> Standing:
        """What the test said."""
        return Standing(self.reachable, 1_700_000_000.0, self.head, self.alert)

    async def refresh(self) -> None:
        """Count."""
        self.refreshed += 1


@dataclass
class FixedReader:
    """A registry that tells the same story, and can be told to be away."""

    story: dict[str, Any] = field(default_factory=lambda: {"environments": []})
    away: bool = False
    asked: int = 0
    model: str = RELEASE.model
    environment: str = "dev"

    def champion(self) -> Release | None:
        """The head."""
        return RELEASE

    def candidate(self) -> Release | None:
        """None."""
        return None

    def fetch(self, release: Release, folder: Path) -> None:
        """Not asked here."""
        raise NotImplementedError

    def lifecycle(self) -> dict[str, Any]:
        """The story."""
        self.asked += 1
        if self.away:
            raise HeadUnavailable("told to be away")
        return self.story


@dataclass
class ListLog:
    """A log in memory, which can be told to fail."""

    rows: list[Answered] = field(default_factory=list)
    said: list[Feedback] = field(default_factory=list)
    broken: bool = False
    closed: bool = False

    async def record(self, answers: Sequence[Answered]) -> None:
        """Keep the rows."""
        if self.broken:
            raise LogUnavailable("told to fail")
        self.rows += answers

    async def feedback(self, said: Feedback) -> bool:
        """Keep feedback that is new."""
        if self.broken:
            raise LogUnavailable("told to fail")
        known = any(_untimed(said) == _untimed(other) for other in self.said)
        self.said.append(said)
        return not known

    def statistics(self) -> dict[str, float]:
        """How many rows there are."""
        return {"rows": len(self.rows)}

    async def close(self) -> None:
        """Remember."""
        self.closed = True


@dataclass
class Noted:
    """Who is told of every answer; may be told to fail."""

    seen: list[Any] = field(default_factory=list)
    error: Exception | None = None
    closed: bool = False

    def after_answer(self, *answer: Any) -> None:
        """Note it."""
        self.seen.append(answer)
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        """Remember."""
        self.closed = True


def _untimed(said: Feedback) -> tuple[Any, ...]:
    return said.request_id, said.position, said.label, said.source, said.comment


@dataclass(frozen=True)
class Reply:
    """An answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Client:
    """One request a connection, so that nothing is shared."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """GET."""
        return self.send("GET", path, None, headers)

    def post(self, path: str, content: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """POST JSON; bytes are sent as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.send(
            "POST", path, body, {"Content-Type": "application/json", **(headers or {})}
        )


@contextmanager
def running(app: FastAPI, settings: ServingSettings) -> Iterator[Client]:
    """Serve an app on a free port until the block ends, then shut down gracefully."""
    server = make_server(app, settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield Client(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(timeout=60)
        assert not thread.is_alive()
