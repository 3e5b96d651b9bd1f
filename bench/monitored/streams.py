"""Streams of real pairs: quiet as the reference, or changed in one way by a known amount."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from monitored.pool import COLUMNS, Pool
from monitoring import BEGIN

from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.nli.labels import LABELS

DROP = 0.05  # of accuracy, in the scenes that say "5 points"
RECENT = 10  # windows before, whose labels tell whether confidence is calibrated


@dataclass(frozen=True)
class Corpus:
    """Scored pools.

    Attributes:
        quiet: what the model was released for.
        typos: the same pairs in the same order, misspelt.
        shifted: pairs of other genres.
    """

    quiet: Pool
    typos: Pool
    shifted: Pool

    def shares(self) -> dict[str, float]:
        """Of each change, the share of changed pairs that costs five points, at most 1."""
        before = float(self.quiet.right.mean())
        after = {
            "genres": float(self.shifted.right.mean()),
            "typos": float(self.typos.right.mean()),
            "labels": float(np.mean([shuffled(self.quiet, seed).right.mean() for seed in (1, 2)])),
        }
        drops = {name: before - accuracy for name, accuracy in after.items()}
        return {name: DROP / drop if drop > DROP else 1.0 for name, drop in drops.items()}


@dataclass(frozen=True)
class Stream:
    """A release's life: the rows of its reference, and what came after."""

    before: Pool
    now: Pool


def as_log(pool: Pool) -> dict[str, np.ndarray]:
    """The pairs as a batch of the log; those of one premise in a row were asked together."""
    count = len(pool.truth)
    begins = np.flatnonzero(np.diff(pool.premise, prepend=-1))
    position = np.arange(count) - np.repeat(begins, np.diff(begins, append=count))
    times = np.full(count, BEGIN, dtype=object)
    columns = {name: pool.columns[name] for name in COLUMNS}
    return columns | {"position": position, "arrival": np.arange(1, count + 1), "time": times}


def parts(pool: Pool, pairs: int) -> Iterator[Pool]:
    """The pairs of each window."""
    for start in range(0, len(pool.truth) - pairs + 1, pairs):
        yield pool.take(np.arange(start, start + pairs))


def recent(found: Sequence[Labelled], place: int) -> Labelled:
    """The labels of late: of the windows before this one."""
    return sum(found[max(0, place - RECENT) : place], Labelled.empty())


def labelled(pool: Pool) -> Labelled:
    """All pairs with their true labels, as feedback."""
    answers = np.array([LABELS.index(label) for label in pool.columns["label"]])
    probabilities = np.column_stack([pool.columns[f"p_{label}"] for label in LABELS])
    return Labelled.of(pool.truth, answers, probabilities)


def confidence(pool: Pool) -> np.ndarray:
    """Probability of each pair's answer, shape (n,)."""
    return np.max([pool.columns[f"p_{label}"] for label in LABELS], axis=0)


def shuffled(pool: Pool, seed: int) -> Pool:
    """The same answers; labels no longer mean what they meant."""
    truth = np.random.default_rng(seed).permutation(pool.truth)
    return Pool(pool.columns, truth, pool.premise)
