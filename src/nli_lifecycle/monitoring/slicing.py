"""Realised accuracy by slice: where among the answers the wrong ones are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from nli_lifecycle.monitoring.columns import Columns, Floats, Ints, Rows
from nli_lifecycle.monitoring.report import SliceQuality
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.proportions import wilson

Counts = dict[str, tuple[int, int]]  # slice → right answers, labelled pairs
Names = npt.NDArray[np.object_]

BANDS = (8, 16, 32)  # words, as evaluation cuts its slices
MOST_ENDPOINTS = 20  # different ones of a window; the others are one slice
LEAST_PAIRS = 20  # labelled pairs of a slice whose accuracy is said


def count_slices(batch: Columns, rows: Rows, truth: Ints, inside: Ints) -> Counts:
    """Count labelled rows by slice; a row is in one slice of each kind.

    Args:
        batch: may have ``endpoint``, which tells tasks apart.
        rows: of the batch.
        truth: label index of each row, shape (n,).
        inside: places of the rows that have a label.
    """
    right = truth[inside] == rows.label[inside]
    counts: Counts = {}
    for names in _kinds(batch, rows, inside):
        for name in dict.fromkeys(names):
            chosen = names == name
            counts[name] = int(right[chosen].sum()), int(chosen.sum())
    return counts


def added(one: Mapping[str, tuple[int, int]], other: Mapping[str, tuple[int, int]]) -> Counts:
    """The counts of both."""
    total = dict(one)
    for name, (right, pairs) in other.items():
        before = total.get(name, (0, 0))
        total[name] = before[0] + right, before[1] + pairs
    return total


def slice_qualities(
    counts: Iterable[Mapping[str, tuple[int, int]]], confidence: float
) -> tuple[SliceQuality, ...]:
    """Accuracy of each slice with Wilson's interval, by name."""
    total: Counts = {}
    for one in counts:
        total = added(total, one)
    found = []
    for name, (right, pairs) in sorted(total.items()):
        if pairs < LEAST_PAIRS:
            found.append(SliceQuality(name=name, pairs=pairs, value=None))
            continue
        share = wilson(right, pairs, confidence)
        found.append(
            SliceQuality(
                name=name, pairs=pairs, value=share.estimate, low=share.lower, high=share.upper
            )
        )
    return tuple(found)


def _kinds(batch: Columns, rows: Rows, inside: Ints) -> Iterable[Names]:
    yield np.array([f"answer: {label}" for label in LABELS], object)[rows.label[inside]]
    yield _lengths(rows.features["premise_words"][inside])
    yield _overlaps(rows.features["overlap"][inside])
    if "endpoint" in batch:
        names = [f"endpoint: {batch['endpoint'][at]}" for at in rows.places[inside]]
        kept = list(dict.fromkeys(names))[:MOST_ENDPOINTS]
        yield np.array([name if name in kept else "endpoint: others" for name in names], object)


def _lengths(words: Floats) -> Names:
    lows = [0, *(band + 1 for band in BANDS)]
    names = [f"premise: {low}–{high} words" for low, high in zip(lows, BANDS)]
    names += [f"premise: over {BANDS[-1]} words", "premise: unknown length"]
    places = np.searchsorted(BANDS, words)
    places[np.isnan(words)] = len(names) - 1
    return np.array(names, object)[places]


def _overlaps(share: Floats) -> Names:
    names = ["under a half", "a half or more", "every word", "unknown"]
    chosen = np.select([np.isnan(share), share < 0.5, share < 1], [3, 0, 1], 2)
    return np.array([f"overlap: {name}" for name in names], object)[chosen]
