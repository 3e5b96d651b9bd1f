"""Columns of an inference log with known truth: a calibrated model of three labels."""

from datetime import datetime, timedelta, timezone

import numpy as np

from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.windows import Windows
from nli_lifecycle.nli.labels import LABELS

BEGIN = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def simulated(rows: int, seed: int = 0, signal: float = 1.95, believed: float | None = None):
    """Columns as lists, and true label indices; another ``believed`` signal: miscalibrated."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(3, size=rows)
    scores = generator.normal(size=(rows, 3)) + signal * np.eye(3)[truth]
    logits = scores * (signal if believed is None else believed)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    columns = {
        "request_id": [f"r{n // 2}" for n in range(rows)],
        "position": [n % 2 for n in range(rows)],
        "role": ["champion"] * rows,
        "time": [BEGIN + timedelta(seconds=n) for n in range(rows)],
        "model": ["nli"] * rows,
        "version": ["7"] * rows,
        "digest": ["d" * 64] * rows,
        "epoch": [3] * rows,
        "label": [LABELS[code] for code in p.argmax(axis=1)],
        **{f"p_{label}": p[:, code].tolist() for code, label in enumerate(LABELS)},
        "premise_words": generator.poisson(13, size=rows).tolist(),
        "hypothesis_words": generator.poisson(7, size=rows).tolist(),
        "overlap": generator.beta(2, 3, size=rows).tolist(),
        "unknown_share": (generator.binomial(20, 0.05, size=rows) / 20).tolist(),
        "latency_ms": generator.gamma(4, 5, size=rows).tolist(),
        "arrival": list(range(1, rows + 1)),
    }
    return columns, truth


def taken(columns, places):
    """Some rows of a batch."""
    return {name: [values[place] for place in places] for name, values in columns.items()}


def summary_of(columns) -> Summary:
    """All rows of one model, summed up."""
    windows = Windows(None)
    windows.add(columns)
    return sum((window.summary for window in windows.close()), Summary.empty())
