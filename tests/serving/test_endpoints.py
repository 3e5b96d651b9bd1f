"""What the service's own endpoints answer, over real sockets."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest
from running_service import (
    PAIR,
    RELEASE,
    Client,
    FixedReader,
    FixedSource,
    ListLog,
    Noted,
    make_settings,
    running,
)

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.endpoints.lifecycle import LifecycleView
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.record import Answered
from nli_lifecycle.serving.model import Served
from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import ServingSettings

MODEL = {"name": "dev.nli.classifier", "version": "3", "digest": "0123456789ab", "epoch": 7}
EXTREMES = [
    "🐕‍🦺 👩‍👩‍👧",
    "\u202eשלום\u202c مرحبا",
    "a\x00b",
    "e\u0301" * 50,
    "猫が寝ている。",
    "",
    " \t\n",
    "\U0010ffff\ufffd",
    "x" * 5000,
]


def served_alone(served: Served, premise: str, hypothesis: str) -> list[float]:
    """What the classifier says without a service."""
    row: list[float] = served.classifier.predict_proba([premise], [hypothesis])[0].tolist()
    return row


class TestPredict:
    def test_a_pair(self, client: Client, served: Served, log: ListLog) -> None:
        """Label, probabilities, and who answered, in the body and in the headers."""
        reply = client.post("/predict", PAIR, {"X-Request-Id": "order-66:b"})
        expected = served_alone(served, **PAIR)
        assert reply.status == 200
        assert reply.json() == {
            "request_id": "order-66:b",
            "model": MODEL,
            "predictions": [
                {
                    "label": LABELS[int(np.argmax(expected))],
                    "probabilities": pytest.approx(dict(zip(LABELS, expected)), abs=1e-6),
                }
            ],
        }
        assert reply.headers["x-request-id"] == "order-66:b"
        assert reply.headers["x-model-version"] == "3"
        assert reply.headers["x-model-digest"] == "0123456789ab"
        assert reply.headers["x-epoch"] == "7"
        assert reply.headers["cache-control"] == "no-store"

    def test_unicode_extremes_are_answered_in_their_places(
        self, client: Client, served: Served
    ) -> None:
        """Emoji, right to left, NUL, combining marks, nothing at all."""
        pairs = [{"premise": p, "hypothesis": h} for p in EXTREMES for h in EXTREMES]
        reply = client.post("/predict", {"pairs": pairs})
        assert reply.status == 200
        for pair, answer in zip(pairs, reply.json()["predictions"], strict=True):
            expected = served_alone(served, **pair)
            assert list(answer["probabilities"].values()) == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("given", ["", "with space", "ä", "x" * 129, "-dash first", "a\tb"])
    def test_an_invalid_request_id_is_replaced(self, client: Client, given: str) -> None:
        """It goes into logs and headers, so it must be harmless."""
        reply = client.post("/predict", PAIR, {"X-Request-Id": given.encode().decode("latin-1")})
        made = reply.json()["request_id"]
        assert reply.status == 200 and made != given and len(made) == 32

    def test_a_thousand_pairs(self, client: Client, served: Served) -> None:
        """The most that a request may have; one more is refused."""
        pairs = [{"premise": f"{n} dogs", "hypothesis": "some dogs"} for n in range(1000)]
        reply = client.post("/predict", {"pairs": pairs})
        answers = reply.json()["predictions"]
        assert reply.status == 200 and len(answers) == 1000
        for n in (0, 499, 999):
            expected = served_alone(served, **pairs[n])
            assert list(answers[n]["probabilities"].values()) == pytest.approx(expected, abs=1e-6)
        refused = client.post("/predict", {"pairs": [*pairs, PAIR]})
        assert refused.status == 422
        assert refused.json()["message"] == (
            "The request comes to 1,001 pairs; at most 1,000 are answered."
        )


class TestClassify:
    def test_labels_come_sorted(self, client: Client, served: Served) -> None:
        """The best first; the default template is about the label."""
        asked = {"text": "a dog runs", "labels": ["animals", "cooking", "sport"]}
        result = client.post("/classify", asked).json()["results"][0]
        entailment = {
            label: served_alone(served, "a dog runs", f"This text is about {label}.")[0]
            for label in asked["labels"]
        }
        order = sorted(entailment, key=lambda label: -entailment[label])
        assert result["labels"] == order
        total = sum(entailment.values())
        assert result["scores"] == pytest.approx([entailment[n] / total for n in order], abs=1e-6)

    def test_several_texts_and_labels_that_may_all_hold(self, client: Client, log: ListLog) -> None:
        """Each text has its own ranking; each pair its own row in the log."""
        asked = {
            "texts": ["a dog runs", "a cat eats"],
            "labels": ["a", "b"],
            "template": "It is {}!",
            "multi_label": True,
        }
        reply = client.post("/classify", asked)
        assert reply.status == 200 and len(reply.json()["results"]) == 2
        assert [(row.position, row.premise, row.hypothesis) for row in log.rows] == [
            (0, "a dog runs", "It is a!"),
            (1, "a dog runs", "It is b!"),
            (2, "a cat eats", "It is a!"),
            (3, "a cat eats", "It is b!"),
        ]
        assert {row.endpoint for row in log.rows} == {"/classify"}

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"labels": []}, "labels: "),
            ({"labels": ["a", "a"]}, "labels: "),
            ({"labels": [""]}, "labels.0: "),
            ({"template": "no place"}, "template: "),
            ({"texts": ["b"]}, "text: "),
            ({"multi_label": "yes"}, "multi_label: "),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, client: Client, wrong: dict[str, Any], said: str
    ) -> None:
        """Naming the field."""
        reply = client.post("/classify", {"text": "secret", "labels": ["a"], **wrong})
        assert reply.status == 422
        message = reply.json()["message"]
        assert message.startswith(said) or "has a field that is not known" in message
        assert "secret" not in message

    def test_texts_times_labels_are_limited(self, client: Client) -> None:
        """It is the pairs that cost."""
        asked = {"texts": ["a"] * 101, "labels": [str(n) for n in range(10)]}
        assert client.post("/classify", asked).status == 422


class TestCheck:
    DOCUMENT = "Dr. No runs. 🐕 A cat eats!\n\nTwo birds sing in the park"

    def test_evidence_is_a_sentence_with_its_place(self, client: Client, served: Served) -> None:
        """The verdict and the evidence are those of the strongest sentence."""
        asked = {"document": self.DOCUMENT, "claims": ["a cat eats", "no bird sings", "red"]}
        reply = client.post("/check", asked)
        assert reply.status == 200
        results = reply.json()["results"]
        sentences = ["Dr. No runs.", "🐕 A cat eats!", "Two birds sing in the park"]
        for claim, result in zip(asked["claims"], results, strict=True):
            rows = np.array([served_alone(served, s, claim) for s in sentences])
            best = LABELS.index(result["label"])
            if result["label"] == "neutral":
                assert result["evidence"] == []
                continue
            strongest = sentences[int((rows[:, best] / rows[:, 1]).argmax())]
            evidence = result["evidence"]
            assert [e["text"] for e in evidence] == [strongest]
            start, end = evidence[0]["start"], evidence[0]["end"]
            assert self.DOCUMENT[start:end] == strongest
            assert sum(result["probabilities"].values()) == pytest.approx(1)

    def test_windows_of_several_sentences(self, client: Client, log: ListLog) -> None:
        """Neighbours are read together, with what stands between them."""
        asked = {"document": self.DOCUMENT, "claims": ["red"], "window_sentences": 2}
        assert client.post("/check", asked).status == 200
        assert [row.premise for row in log.rows] == [
            "Dr. No runs. 🐕 A cat eats!",
            "🐕 A cat eats!\n\nTwo birds sing in the park",
        ]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"document": " \n"},
            {"claims": []},
            {"claims": "secret"},
            {"window_sentences": 0},
            {"window_sentences": True},
            {"document": "Secret. " * 1001},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, client: Client, wrong: dict[str, Any]) -> None:
        """Too many windows included."""
        reply = client.post("/check", {"document": "A dog.", "claims": ["b"], **wrong})
        assert reply.status == 422 and "ecret" not in reply.json()["message"]


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

    def test_a_share_of_requests_is_logged(self, source: FixedSource, log: ListLog) -> None:
        """All pairs of a request or none; none at 0."""
        settings = make_settings(log={"url": "sqlite://", "journal": "unused", "share": 0})
        with running(create_app(settings, source, log, environment={}), settings) as client:
            assert client.post("/predict", PAIR).status == 200
        assert log.rows == [] and log.closed


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


class TestStanding:
    def test_without_a_model(self, client: Client, source: FixedSource) -> None:
        """Predicting endpoints say when to come back; everything else goes on."""
        source.served = None
        for path in ("/predict", "/classify", "/check", "/invocations"):
            reply = client.post(path, PAIR)
            assert reply.status == 503 and reply.headers["retry-after"] == "5"
            assert reply.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
        assert client.get("/ping").status == client.get("/health").status == 404
        ready = client.get("/ready")
        assert ready.status == 503 and ready.json()["ready"] is False
        assert client.get("/status").json()["model"] is None
        assert "nli_ready 0.0" in client.get("/metrics").body.decode()

    def test_behind_the_registry(self, client: Client, source: FixedSource) -> None:
        """A head that is not served is told, and why; it is ready all the same."""
        source.head = Release("dev.nli.classifier", "4", "f" * 64, 9)
        source.alert, source.reachable = "Version 4 was altered.", False
        ready = client.get("/ready")
        assert ready.status == 200
        assert ready.json() == {
            "ready": True,
            "model": MODEL,
            "epoch": 7,
            "reachable": False,
            "looked": 1_700_000_000.0,
            "lag_epochs": 2,
            "alert": "Version 4 was altered.",
        }
        metrics = client.get("/metrics").body.decode()
        for line in (
            "nli_lag_epochs 2.0",
            "nli_registry_reachable 0.0",
            "nli_alert 1.0",
            "nli_epoch 7.0",
            'nli_model_info{digest="0123456789ab",name="dev.nli.classifier",version="3"} 1.0',
        ):
            assert line in metrics.splitlines()

    def test_status_and_metrics_count(self, client: Client) -> None:
        """Requests by endpoint and status, pairs, batches, the log's own numbers."""
        client.post("/predict", {"pairs": [PAIR] * 3})
        client.post("/predict", {})
        client.get("/made/up")
        status = client.get("/status").json()
        assert list(status) == ["environment", "model", "registry", "traffic", "queue", "uptime_s"]
        traffic = status["traffic"]
        assert (traffic["requests"], traffic["errors"], traffic["pairs"]) == (2, 0, 3)
        assert 0 < traffic["p50_ms"] <= traffic["p99_ms"]
        assert sum(point["requests"] for point in traffic["series"]) == 2
        assert status["queue"] == {"pairs": 0, "limit": 2048}
        metrics = client.get("/metrics").body.decode().splitlines()
        for line in (
            'nli_requests_total{endpoint="/predict",status="200"} 1.0',
            'nli_requests_total{endpoint="/predict",status="422"} 1.0',
            'nli_requests_total{endpoint="other",status="404"} 1.0',
            'nli_pairs_total{endpoint="/predict"} 3.0',
            'nli_request_seconds_count{endpoint="/predict"} 2.0',
            "nli_queue_pairs 0.0",
            "nli_log_rows 3.0",
        ):
            assert line in metrics
        assert any(line.startswith("nli_batch_pairs_sum 3.0") for line in metrics)


class TestLifecycle:
    def run(self, settings: ServingSettings, source: FixedSource, reader: FixedReader) -> Any:
        """A service that follows a registry."""
        return running(create_app(settings, source, None, reader, environment={}), settings)

    def test_it_is_asked_rarely(self, source: FixedSource) -> None:
        """A page that many look at costs the registry nothing."""
        settings, reader = make_settings(), FixedReader({"environments": [1]})
        with self.run(settings, source, reader) as client:
            for _ in range(5):
                assert client.get("/lifecycle").json() == {"environments": [1]}
            assert client.get("/status").json()["environment"] == "dev"
        assert reader.asked == 1

    def test_while_the_registry_is_away_the_last_known_is_told(self) -> None:
        """As such, with a 503."""
        reader = FixedReader({"environments": [1]})
        view = LifecycleView(reader)

        async def look(later_s: float) -> dict[str, Any]:
            view._asked -= later_s
            return await view.look()

        async def story() -> None:
            await look(0)
            reader.away = True
            assert await look(1) == {"environments": [1]}  # fresh enough
            with pytest.raises(Problem) as told:
                await look(10)
            assert told.value.status == 503
            assert told.value.details["last_known"] == {"environments": [1]}
            reader.away = False
            assert await look(10) == {"environments": [1]}

        asyncio.run(story())

    def test_a_registry_that_hangs_keeps_nobody_waiting(self) -> None:
        """It is asked once, and believed when it answers after all."""
        hanging, reader = threading.Event(), FixedReader({"environments": [1]})

        class Slow(FixedReader):
            def lifecycle(self) -> dict[str, Any]:
                hanging.wait(30)
                return reader.lifecycle()

        async def story() -> None:
            view = LifecycleView(Slow(), patience_s=0.02)
            for _ in range(3):
                with pytest.raises(Problem) as told:
                    await view.look()
                assert told.value.details["last_known"] is None
            hanging.set()
            while not reader.asked:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert await view.look() == {"environments": [1]}

        asyncio.run(story())
        assert reader.asked == 1

    def test_refresh_looks_at_once(self, source: FixedSource) -> None:
        """And says how things stand afterwards."""
        settings = make_settings()
        with self.run(settings, source, FixedReader()) as client:
            reply = client.send("POST", "/admin/refresh")
        assert reply.status == 200 and reply.json()["epoch"] == 7 and source.refreshed == 1
