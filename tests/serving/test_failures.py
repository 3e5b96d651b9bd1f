"""No room, no time, no answer: said in the same three fields."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest
from gated import Stubborn
from running_service import (
    PAIR,
    RELEASE,
    FixedSource,
    Noted,
    make_settings,
    running,
)

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.model import Served

SECRET = "Xanadu"


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
