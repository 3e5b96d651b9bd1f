"""Windows of findings, rules and verdicts for the tests of alerting."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from nli_lifecycle.monitoring.alerting.verdicts import Verdict
from nli_lifecycle.monitoring.findings import Finding, WindowFindings

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
DIGEST = "d1" * 32


def finding(name: str = "realised_accuracy", value: float | None = 0.9, **facts: Any) -> Finding:
    """A measured finding on 500 pairs, its interval 0.02 to both sides."""
    given = {"state": "measured", "pairs": 500, **facts}
    if value is not None and "low" not in facts:
        given |= {"low": value - 0.02, "high": value + 0.02}
    return Finding(name=name, value=value, **given)


def unknown(name: str = "realised_accuracy", state: Any = "insufficient") -> Finding:
    return Finding(name=name, state=state, pairs=3, why="only 3 labels; wait for more")


def window(number: int, *findings: Finding, digest: str = DIGEST, **facts: Any) -> WindowFindings:
    """The number-th window, an hour long, of 500 pairs."""
    return WindowFindings(
        **{
            "window": number,
            "model": "nli",
            "version": "3",
            "digest": digest,
            "epoch": 7,
            "begin": START + number * HOUR,
            "end": START + (number + 1) * HOUR,
            "first_arrival": 500 * number + 1,
            "last_arrival": 500 * (number + 1),
            "pairs": 500,
            "findings": findings,
            **facts,
        }
    )


def values(*accuracies: float | None, name: str = "realised_accuracy") -> list[WindowFindings]:
    """One window per value; None: insufficient."""
    return [
        window(number, unknown(name) if value is None else finding(name, value))
        for number, value in enumerate(accuracies)
    ]


def verdict(number: int, state: Any = "firing", **facts: Any) -> Verdict:
    """A verdict on the number-th window."""
    return Verdict(
        **{
            "rule": "fell",
            "state": state,
            "severity": "warning",
            "model": "nli",
            "version": "3",
            "digest": DIGEST,
            "window": number,
            "arrival": 500 * (number + 1),
            "at": START + (number + 1) * HOUR,
            "labelled": True,
            "sentence": f"window {number}",
            **facts,
        }
    )
