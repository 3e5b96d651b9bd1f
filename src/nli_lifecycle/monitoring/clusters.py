"""Pairs that were asked together hang together: how much fewer they are than they seem.

A document is sent with several hypotheses, a text with several labels. Such pairs share a premise,
and counting them as independent makes every interval too narrow, every test too eager.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from nli_lifecycle.monitoring.columns import Bools, Ints


@dataclass(frozen=True)
class Clusters:
    """Whole-numbered figures of pairs, summed by cluster; ``a + b``: of a's rows, then b's.

    A cluster is the pairs of one request, one after the other, that have one premise. One that lies
    on both sides of a cut is put together again, so that the same rows in the same order give the
    same sums however they were divided.

    Attributes:
        rows: how many.
        sums: Σ x of each figure, shape (k,).
        row_squares: Σ x², shape (k,).
        clusters: with at least one row, without those at both ends.
        size_squares: Σ m² over these, m being a cluster's rows.
        products: Σ m S over these, S being a cluster's sum of x, shape (k,).
        squares: Σ S² over these, shape (k,).
        begun: 1 where the first row of any cluster is here, else 0.
        head: m and S of the rows before any of these, shape (k + 1,).
        tail: m and S of the last of these, shape (k + 1,).
        first: premise of the first row, as ``of`` takes it; None: there is no row.
        last: of the last row.
    """

    rows: int
    sums: Ints
    row_squares: Ints
    clusters: int
    size_squares: int
    products: Ints
    squares: Ints
    begun: int
    head: Ints
    tail: Ints
    first: int | None = None
    last: int | None = None

    @classmethod
    def empty(cls, figures: int) -> Clusters:
        """No rows, of so many figures."""
        none = np.zeros(figures, np.int64)
        ends = np.zeros(figures + 1, np.int64)
        return cls(0, none, none, 0, 0, none, none, 0, ends, ends)

    @classmethod
    def of(cls, position: Ints, premise: Ints, used: Bools, x: Ints) -> Clusters:
        """Sum up rows in the order of their arrival.

        Args:
            position: of each row in its request, shape (n,); 0 where it is not known.
            premise: what tells premises apart, shape (n,).
            used: which rows count, shape (n,).
            x: figures of those that do, shape (used, k).
        """
        begins = first_of_clusters(position, premise)
        figures, begun = x.shape[1], int(begins.sum())
        cluster = np.cumsum(begins)[used]  # 0: of one that began before
        counted = np.column_stack([np.ones(len(x), np.int64), x])
        sums = np.zeros((begun + 1, figures + 1), np.int64)
        firsts = np.flatnonzero(np.diff(cluster, prepend=-1))
        if len(firsts):
            sums[cluster[firsts]] = np.add.reduceat(counted, firsts, axis=0)
        none = np.zeros(figures + 1, np.int64)
        whole = _closed(sums[1:begun])
        tail = sums[begun] if begun else none
        ends = {"head": sums[0], "tail": tail, "begun": min(begun, 1)}
        rows = {"rows": len(x), "sums": x.sum(axis=0), "row_squares": (x * x).sum(axis=0)}
        if not len(premise):
            return cls(**whole, **ends, **rows)
        return cls(**whole, **ends, **rows, first=int(premise[0]), last=int(premise[-1]))

    def __add__(self, other: Clusters) -> Clusters:
        """The sums of both, other's rows being the later ones."""
        if self.last is None or other.first is None:
            return other if self.last is None else self
        if self.last != other.first:
            other = replace(other, **other._without_head())
        head, tail, between = self.head, other.tail, np.zeros((0, len(self.head)), np.int64)
        if not self.begun:
            head = head + other.head
        elif not other.begun:
            tail = self.tail + other.head
        else:
            between = (self.tail + other.head)[None]
        joint = _closed(between)
        added = {n: getattr(self, n) + getattr(other, n) + joint.get(n, 0) for n in _ADDED}
        begun = max(self.begun, other.begun)
        return Clusters(
            **added, head=head, tail=tail, begun=begun, first=self.first, last=other.last
        )

    def _without_head(self) -> dict[str, Any]:
        """The head as a cluster of its own, as what came before has another premise."""
        if not self.begun:
            return {"head": np.zeros_like(self.head), "tail": self.head, "begun": 1}
        closed = _closed(self.head[None])
        more = {name: getattr(self, name) + value for name, value in closed.items()}
        return {**more, "head": np.zeros_like(self.head)}

    def to_json(self) -> dict[str, Any]:
        """As JSON's types; ``from_json`` gives it back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {n: v.tolist() if isinstance(v, np.ndarray) else v for n, v in values.items()}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Clusters:
        """The sums that ``to_json`` was made of."""
        arrays = {n: np.asarray(v, np.int64) for n, v in found.items() if isinstance(v, list)}
        return cls(**{**found, **arrays})

    def count(self) -> int:
        """Clusters with at least one row, those at the ends included."""
        return self.clusters + int(self.head[0] > 0) + int(self.tail[0] > 0)

    def design_effect(self, figure: int) -> float:
        """Variance of a figure's mean, relative to that of as many independent rows; at least 1.

        The variance between clusters over that between rows (Kish 1965, "Survey Sampling", ch. 5
        and 8). With one cluster only, all rows count as one.
        """
        count = self.count()
        if self.rows < 2 or count == self.rows:
            return 1.0
        if count < 2:
            return float(self.rows)
        ends = np.stack([self.head, self.tail])
        m, s = ends[:, 0], ends[:, figure + 1]
        mean = self.sums[figure] / self.rows
        within = self.row_squares[figure] - self.rows * mean * mean
        between = (
            (self.squares[figure] + (s * s).sum())
            - 2 * mean * (self.products[figure] + (m * s).sum())
            + mean * mean * (self.size_squares + (m * m).sum())
        )
        if within <= 0:
            return 1.0
        by_cluster = between * count / (count - 1)
        by_row = within * self.rows / (self.rows - 1)
        return max(1.0, float(by_cluster / by_row))

    def mean_effect(self, figures: Sequence[int]) -> float:
        """Design effect of shares that sum to 1: Σ (1 − p) d / (k − 1) (Rao & Scott 1981).

        Args:
            figures: 0 or 1 in each row, one of them 1; shares of 0 or 1 are left out.
        """
        shares = [(figure, self.sums[figure] / max(1, self.rows)) for figure in figures]
        varying = [(figure, share) for figure, share in shares if 0 < share < 1]
        if len(varying) < 2:
            return self.design_effect(figures[0]) if self.count() < 2 else 1.0
        effects = sum((1 - share) * self.design_effect(figure) for figure, share in varying)
        return float(effects / (len(varying) - 1))


def first_of_clusters(position: Ints, premise: Ints) -> Bools:
    """Whether each row begins a cluster, shape (n,); the very first does at position 0 only."""
    same = np.ones(len(premise), np.bool_)
    same[1:] = premise[1:] == premise[:-1]
    return np.asarray(~((position > 0) & same))


def numbered(position: Ints, premise: Ints, used: Bools) -> Ints:
    """Number of the cluster of each row that counts, from 0 without gaps; as ``Clusters.of``."""
    cluster = np.cumsum(first_of_clusters(position, premise))[used]
    return np.asarray(np.unique(cluster, return_inverse=True)[1], np.int64)


_ADDED = (
    "rows",
    "sums",
    "row_squares",
    "clusters",
    "size_squares",
    "products",
    "squares",
)


def _closed(sums: Ints) -> dict[str, Any]:
    """Sums over whole clusters, given m and S of each, shape (clusters, 1 + figures)."""
    m, s = sums[:, :1], sums[:, 1:]
    return {
        "clusters": int((m > 0).sum()),
        "size_squares": int((m * m).sum()),
        "products": (m * s).sum(axis=0),
        "squares": (s * s).sum(axis=0),
    }
