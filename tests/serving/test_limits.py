"""Bodies that are too large, too slow, malformed or somebody else's: refused, and never quoted."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from running_service import (
    PAIR,
    RELEASE,
    Client,
    FixedSource,
    ListLog,
    Noted,
    make_settings,
    running,
)

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.model import Served

SECRET = "Xanadu"
SMALL = make_settings(
    limits={"max_body_bytes": 2000, "max_pairs": 5, "max_text_chars": 300, "slow_client_s": 0.3}
)


def small(source: FixedSource) -> Any:
    """A service that allows little."""
    return running(create_app(SMALL, source, environment={}), SMALL)


@pytest.fixture(scope="module")
def small_app(served: Served) -> FastAPI:
    """The same, to be asked past any socket."""
    return create_app(SMALL, FixedSource(served), ListLog(), environment={})


class Stubborn:
    """A classifier that waits for its gate, or fails; it quotes a text either way."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked = 0

    def predict_proba(self, premises: Iterable[str], hypotheses: Iterable[str]) -> Any:
        """Fail once let on."""
        self.asked += 1
        self.gate.wait(30)
        raise RuntimeError(f"no answer to {list(premises)}")


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
    with small(source) as client:
        reply = client.post(path, body)
    assert reply.status == 422 and reply.json()["message"].startswith(said)
    assert SECRET not in reply.body.decode()


def test_a_large_body_is_refused_by_its_announced_length(source: FixedSource) -> None:
    """Before any of it is read."""
    with small(source) as client, socket.create_connection(("127.0.0.1", client.port)) as peer:
        peer.sendall(request_head(length=10**9))
        answer = received(peer)
    assert answer.startswith(b"HTTP/1.1 413") and b"2,000 bytes" in answer


def test_a_large_body_is_refused_while_it_streams_in(source: FixedSource) -> None:
    """Its length unannounced; the connection is closed, as the rest is not read."""
    with small(source) as client, socket.create_connection(("127.0.0.1", client.port)) as peer:
        peer.sendall(request_head(length=None))
        answer = b""
        for _ in range(30):
            try:
                peer.sendall(b"64\r\n" + b"x" * 100 + b"\r\n")
            except OSError:
                break
        answer = received(peer)
    assert answer.startswith(b"HTTP/1.1 413") and b"connection: close" in answer.lower()


def test_a_slow_client_is_given_up(source: FixedSource) -> None:
    """With 408, while others are answered."""
    with small(source) as client, socket.create_connection(("127.0.0.1", client.port)) as peer:
        peer.sendall(request_head(length=100) + b'{"premise"')
        assert client.post("/predict", PAIR).status == 200
        begun = time.monotonic()
        answer = received(peer)
    assert answer.startswith(b"HTTP/1.1 408") and time.monotonic() - begun < 10


def test_a_body_just_small_enough_is_read_whole(client: Client) -> None:
    """Megabytes in many parts."""
    pairs = [{"premise": "x" * 99_000, "hypothesis": "y"}] * 20
    assert client.post("/predict", {"pairs": pairs}).status == 200


def request_head(length: int | None) -> bytes:
    """The head of a request to /predict."""
    body = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return head + body + b"\r\n\r\n"


def received(peer: socket.socket) -> bytes:
    """All that comes until the other side closes, or the first of it."""
    peer.settimeout(20)
    answer = b""
    try:
        while part := peer.recv(65536):
            answer += part
    except OSError:
        pass
    return answer


def test_a_full_queue_answers_429(source: FixedSource) -> None:
    """With Retry-After, and at once."""
    stubborn = Stubborn()
    source.served = Served(RELEASE, stubborn, Path("unused"))  # type: ignore[arg-type]
    settings = make_settings(batching={"workers": 1, "max_queued_pairs": 1})
    with running(create_app(settings, source, environment={}), settings) as client:
        threads = [threading.Thread(target=client.post, args=("/predict", PAIR)) for _ in "ab"]
        for number, thread in enumerate(threads):
            thread.start()
            while not stubborn.asked or client.get("/status").json()["queue"]["pairs"] < number:
                time.sleep(0.01)
        reply = client.post("/predict", PAIR)
        stubborn.gate.set()
        for thread in threads:
            thread.join()
    assert reply.status == 429 and int(reply.headers["retry-after"]) >= 1
    assert reply.json()["error_code"] == "RESOURCE_EXHAUSTED"


def test_a_request_that_takes_too_long_answers_503(source: FixedSource) -> None:
    """With Retry-After; the service stays ready."""
    stubborn = Stubborn()
    source.served = Served(RELEASE, stubborn, Path("unused"))  # type: ignore[arg-type]
    settings = make_settings(batching={"workers": 1, "timeout_s": 0.1})
    with running(create_app(settings, source, environment={}), settings) as client:
        reply = client.post("/predict", PAIR)
        stubborn.gate.set()
        assert client.get("/ready").status == 200
    assert reply.status == 503 and reply.headers["retry-after"] == "1"


def test_failures_of_ours_tell_neither_text_nor_trace(
    source: FixedSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Not to the caller, and no text to the log."""
    stubborn = Stubborn()
    stubborn.gate.set()
    source.served = Served(RELEASE, stubborn, Path("unused"))  # type: ignore[arg-type]
    settings = make_settings()
    with running(create_app(settings, source, environment={}), settings) as client:
        failed = client.post("/predict", {"premise": SECRET, "hypothesis": "b"})
    assert failed.status == 500 and SECRET not in failed.body.decode()
    assert "RuntimeError" in caplog.text and SECRET not in caplog.text


def test_defects_are_logged_by_place_and_kind(
    source: FixedSource, caplog: pytest.LogCaptureFixture
) -> None:
    """With the request's id, so that a caller's complaint can be followed."""
    settings = make_settings()
    app = create_app(settings, source, shadow=Noted(error=RuntimeError(SECRET)), environment={})
    with caplog.at_level(logging.ERROR), running(app, settings) as client:
        reply = client.post("/predict", PAIR, {"X-Request-Id": "complaint-1"})
    assert reply.status == 500
    assert reply.json() == {
        "error_code": "INTERNAL_ERROR",
        "message": "The service failed on this request; its log says where.",
        "request_id": "complaint-1",
    }
    assert "complaint-1" in caplog.text and "answering.py" in caplog.text
    assert SECRET not in caplog.text


def test_a_caller_that_goes_away_takes_its_pairs_along(source: FixedSource) -> None:
    """Nobody computes for nobody."""
    stubborn = Stubborn()
    source.served = Served(RELEASE, stubborn, Path("unused"))  # type: ignore[arg-type]
    settings = make_settings(batching={"workers": 1})
    with running(create_app(settings, source, environment={}), settings) as client:
        first = threading.Thread(target=client.post, args=("/predict", PAIR))
        first.start()
        while not stubborn.asked:
            time.sleep(0.01)
        body = json.dumps({"pairs": [PAIR] * 20}).encode()
        with socket.create_connection(("127.0.0.1", client.port)) as peer:
            peer.sendall(request_head(len(body)) + body)
            wait_for_queue(client, 20)
        wait_for_queue(client, 0)
        stubborn.gate.set()
        first.join()
    assert stubborn.asked == 1


def wait_for_queue(client: Client, pairs: int) -> None:
    """Until so many wait."""
    for _ in range(500):
        if client.get("/status").json()["queue"]["pairs"] == pairs:
            return
        time.sleep(0.01)
    raise AssertionError(f"never {pairs} pairs in the queue")


def test_shutting_down_finishes_what_is_in_flight(
    source: FixedSource, log: ListLog, served: Served
) -> None:
    """A request that was taken in is answered, logged, and only then is the log closed."""
    gate, entered = threading.Event(), threading.Event()

    class Slow:
        def predict_proba(self, premises: Any, hypotheses: Any) -> Any:
            entered.set()
            gate.wait(30)
            return served.classifier.predict_proba(premises, hypotheses)

    source.served = Served(RELEASE, Slow(), Path("unused"))  # type: ignore[arg-type]
    settings = make_settings()
    replies: list[Any] = []
    with running(create_app(settings, source, log, environment={}), settings) as client:
        asked = threading.Thread(
            target=lambda: replies.append(client.post("/predict", {"pairs": [PAIR] * 50}))
        )
        asked.start()
        assert entered.wait(30)
        threading.Timer(0.3, gate.set).start()
    asked.join()
    assert replies[0].status == 200 and len(replies[0].json()["predictions"]) == 50
    assert len(log.rows) == 50 and log.closed
