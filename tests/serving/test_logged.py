"""What is kept of an answer, and what is said of it later."""

from __future__ import annotations

from typing import Any

import pytest
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
from nli_lifecycle.serving.log.record import Answered
from nli_lifecycle.serving.model import Served


class TestLog:
    def test_rows_are_kept_before_the_answer_goes_out(self, client: Client, log: ListLog) -> None:
        """One a pair, with all that monitoring needs."""
        reply = client.post("/predict", {"pairs": [PAIR, {"premise": "a", "hypothesis": "b"}]})
        first, second = log.rows
        answer = reply.json()
        assert first == Answered(
            request_id=answer["request_id"],
            position=0,
            role="champion",
            time=first.time,
            endpoint="/predict",
            release=RELEASE,
            premise=PAIR["premise"],
            hypothesis=PAIR["hypothesis"],
            probabilities=tuple(answer["predictions"][0]["probabilities"].values()),
            latency_ms=first.latency_ms,
        )
        assert first.time.tzinfo is not None and 0 < first.latency_ms < 60_000
        assert (second.position, second.premise) == (1, "a")

    def test_what_cannot_be_logged_is_not_answered(self, client: Client, log: ListLog) -> None:
        """Where the log says so: 503, and nothing of the answer."""
        log.broken = True
        reply = client.post("/predict", PAIR)
        assert reply.status == 503 and int(reply.headers["retry-after"]) >= 1
        assert "predictions" not in reply.json()


def test_the_hook_sees_every_answer(source: FixedSource, served: Served) -> None:
    """Where shadow traffic comes from."""
    noted, settings = Noted(), make_settings()
    app = create_app(settings, source, shadow=noted, environment={})
    with running(app, settings) as client:
        client.post("/predict", PAIR, {"X-Request-Id": "one"})
    ((model, pairs, probabilities, request_id, endpoint),) = noted.seen
    assert (model, request_id, endpoint) == (served, "one", "/predict")
    assert pairs == [(PAIR["premise"], PAIR["hypothesis"])] and probabilities.shape == (1, 3)
    assert noted.closed


class TestFeedback:
    SAID = {"request_id": "r1", "position": 2, "label": "neutral", "source": "reviewer"}

    def test_it_is_idempotent(self, client: Client, log: ListLog) -> None:
        """Taken once; word for word the same again is known."""
        first = client.post("/feedback", self.SAID)
        again = client.post("/feedback", self.SAID)
        other = client.post("/feedback", {**self.SAID, "label": "entailment"})
        assert (first.status, again.status, other.status) == (202, 200, 202)
        assert [reply.json()["status"] for reply in (first, again, other)] == [
            "taken",
            "known",
            "taken",
        ]
        assert (log.said[0].position, log.said[0].comment) == (2, "")

    @pytest.mark.parametrize(
        "wrong",
        [{"label": "secret"}, {"position": -1}, {"source": ""}, {"request_id": "no good"}]
        + [{"position": 1.5}, {"position": "1"}, {"position": True}, {"secret": 1}],
    )
    def test_what_makes_no_sense_is_refused(
        self, client: Client, log: ListLog, wrong: dict[str, Any]
    ) -> None:
        """Nothing is kept of it."""
        reply = client.post("/feedback", {**self.SAID, **wrong})
        assert reply.status == 422 and "secret" not in reply.json()["message"]
        assert log.said == []

    def test_without_a_log_there_is_none(self, source: FixedSource, log: ListLog) -> None:
        """404 with none; 503 while it is away."""
        settings = make_settings()
        with running(create_app(settings, source, environment={}), settings) as client:
            assert client.post("/feedback", self.SAID).status == 404
        log.broken = True
        with running(create_app(settings, source, log, environment={}), settings) as client:
            assert client.post("/feedback", self.SAID).status == 503
