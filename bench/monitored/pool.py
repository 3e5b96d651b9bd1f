"""Pools of answered pairs whose true labels are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nli_lifecycle.monitoring.columns import FEATURES
from nli_lifecycle.nli.labels import LABELS

#: What the log says of a pair and monitoring reads; latency would be this machine's.
COLUMNS = ("label", *(f"p_{label}" for label in LABELS), *FEATURES[:-1])


@dataclass(frozen=True)
class Pool:
    """Answered pairs with their true labels.

    Attributes:
        columns: as the log has them, each of shape (n,).
        truth: label index, shape (n,).
        premise: number of the pair's premise, shape (n,); pairs of one premise hang together.
    """

    columns: dict[str, np.ndarray]
    truth: np.ndarray
    premise: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is right, shape (n,)."""
        return self.columns["label"] == np.array(LABELS)[self.truth]

    def take(self, places: np.ndarray) -> Pool:
        """Some of the pairs."""
        columns = {name: values[places] for name, values in self.columns.items()}
        return Pool(columns, self.truth[places], self.premise[places])

    def __add__(self, other: Pool) -> Pool:
        """The pairs of both; premises of both are taken as different ones."""
        columns = {n: np.concatenate([v, other.columns[n]]) for n, v in self.columns.items()}
        premise = np.concatenate([self.premise, other.premise + self.premise.max(initial=0) + 1])
        return Pool(columns, np.concatenate([self.truth, other.truth]), premise)

    def save(self, path: Path) -> None:
        """Keep it for the next time."""
        np.savez(path, truth=self.truth, premise=self.premise, **self.columns)

    @classmethod
    def load(cls, path: Path) -> Pool:
        """What ``save`` kept."""
        with np.load(path) as kept:
            return cls({n: kept[n] for n in COLUMNS}, kept["truth"], kept["premise"])
