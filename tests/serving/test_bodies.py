"""Malformed bodies, and those that ask for too much: refused, and never quoted."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI
from running_service import (
    PAIR,
    Client,
    FixedSource,
    ListLog,
    make_settings,
    running,
)

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.model import Served

SECRET = "Xanadu"
SMALL = make_settings(
    limits={"max_body_bytes": 2000, "max_pairs": 5, "max_text_chars": 300, "slow_client_s": 0.3}
)


@pytest.fixture(scope="module")
def small_app(served: Served) -> FastAPI:
    """The same, to be asked past any socket."""
    return create_app(SMALL, FixedSource(served), ListLog(), environment={})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"premise": "Xanadu", "hypothesis": "\\ud800"}', 400),
        (b'{"premise": "Xanadu", "hypothesis": "\\udc00\\ud800"}', 400),
        (b'{"premise": "Xanadu", "hypothesis": "\xff\xfe"}', 400),
        (b'{"premise": "Xanadu", "hypothesis": NaN}', 422),
        (b'{"premise": "Xanadu"} trailing', 400),
        (b"[" * 1500, 400),
        (b"null", 422),
        (b'"Xanadu"', 422),
        (b'["Xanadu"]', 422),
        (b"{}", 422),
        (b'{"premise": "Xanadu"}', 422),
        (b'{"premise": "Xanadu", "hypothesis": null}', 422),
        (b'{"premise": ["Xanadu"], "hypothesis": {"Xanadu": 1}}', 422),
        (b'{"premise": "a", "hypothesis": "b", "Xanadu": "Xanadu"}', 422),
        (b'{"pairs": []}', 422),
        (b'{"pairs": [{"premise": "Xanadu"}, 7, "Xanadu"]}', 422),
        (b'{"pairs": {"Xanadu": []}}', 422),
        (b'{"pairs": [], "premise": "Xanadu", "hypothesis": "b"}', 422),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("path", ["/predict", "/classify", "/check", "/feedback"])
def test_malformed_bodies_are_refused_without_echo(
    small_app: FastAPI, path: str, body: bytes, status: int
) -> None:
    """In three fields: a code, a sentence that names the place, the request's id."""
    reply_status, reply = asyncio.run(ask(small_app, path, body))
    problem = json.loads(reply)
    assert problem.keys() == {"error_code", "message", "request_id"}
    assert reply_status in ({status} if path == "/predict" else {400, 422})
    assert SECRET not in reply.decode() and len(problem["message"]) > 10


async def ask(app: Any, path: str, body: bytes) -> tuple[int, bytes]:
    """Send a request past any socket."""
    sent: list[Any] = []
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if given:
            return given.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def test_where_it_is_wrong_is_said(client: Client) -> None:
    """Row and field."""
    rows = [PAIR, {"premise": SECRET, "hypothesis": 3}]
    reply = client.post("/predict", {"pairs": rows})
    assert reply.json()["message"] == "pairs.1.hypothesis: Input should be a valid string."


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/predict", {"pairs": [PAIR] * 6}, "The request comes to 6 pairs; at most 5"),
        (
            "/predict",
            {"pairs": [PAIR, {"premise": SECRET * 60, "hypothesis": "b"}]},
            "Row 1, premise: 360 characters; at most 300",
        ),
        ("/classify", {"text": SECRET * 60, "labels": ["a"]}, "Text 0: 360 characters"),
        ("/classify", {"text": "a", "labels": [SECRET * 60]}, "Label 0 in the template: 380"),
        ("/check", {"document": "a", "claims": ["b", SECRET * 60]}, "Claim 1: 360 characters"),
        ("/check", {"document": SECRET * 60, "claims": ["b"]}, "document: 360 characters"),
        ("/invocations", {"inputs": {"premise": SECRET * 60, "hypothesis": "b"}}, "Row 0, premise"),
    ],
)
def test_pairs_and_texts_are_limited(source: FixedSource, path: str, body: Any, said: str) -> None:
    """Saying which, how much it is and how much it may be."""
    with running(create_app(SMALL, source, environment={}), SMALL) as client:
        reply = client.post(path, body)
    assert reply.status == 422 and reply.json()["message"].startswith(said)
    assert SECRET not in reply.body.decode()
