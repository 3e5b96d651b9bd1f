"""What the predicting endpoints answer, over real sockets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from running_service import (
    PAIR,
    Client,
    ListLog,
)

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.serving.model import Served

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
