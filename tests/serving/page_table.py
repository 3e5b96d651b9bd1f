"""What the service that stands in for the page's tests answers: fixed, and told in one place."""

from __future__ import annotations

import time
import uuid
from typing import Any

LABELS = ("entailment", "neutral", "contradiction")
DIGEST = "3f9ac1d27b604e5d8a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f50617"
OLDER = "77e0b3aa1c9d4f2ab8e6d5c4b3a29180f1e2d3c4b5a697887766554433221100"
NEWER = "c41d9ef08a7b4c6d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f"
MODEL = {"name": "prod.nli.classifier", "version": "7", "digest": DIGEST, "epoch": 12}
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
