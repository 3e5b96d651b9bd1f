"""Callers that are slow, endless or gone, and a service that is shut down."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

from gated import Stubborn
from running_service import (
    PAIR,
    RELEASE,
    Client,
    FixedSource,
    ListLog,
    make_settings,
    running,
)

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.model import Served

SMALL = make_settings(
    limits={"max_body_bytes": 2000, "max_pairs": 5, "max_text_chars": 300, "slow_client_s": 0.3}
)


def small(source: FixedSource) -> Any:
    """A service that allows little."""
    return running(create_app(SMALL, source, environment={}), SMALL)


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
