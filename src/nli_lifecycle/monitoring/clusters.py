"""Pairs that were asked together hang together: how much fewer they are than they seem.

A document is sent with several hypotheses, a text with several labels. Such pairs share a premise,
and counting them as independent makes every interval too narrow, every test too eager.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from nli_lifecycle.monitoring.columns import Ints


@dataclass(frozen=True)
class Clusters:
    """Whole-numbered figures of pairs, summed request by request; ``a + b``: of a's rows, then b's.

    A request that lies on both sides of a cut is put together again, so that the same rows in the
    same order give the same sums however they were divided.

    Attributes:
        rows: how many.
        sums: Σ x of each figure, shape (k,).
        row_squares: Σ x², shape (k,).
        requests: with at least one row, without those at both ends.
        size_squares: Σ m² over these, m being a request's rows.
        products: Σ m S over these, S being a request's sum of x, shape (k,).
        squares: Σ S² over these, shape (k,).
        begun: requests whose first row is here.
        head: m and S of the rows before any of these, shape (k + 1,).
        tail: m and S of the last of these, shape (k + 1,).
    """

    rows: int
    sums: Ints
    row_squares: Ints
    requests: int
    size_squares: int
    products: Ints
    squares: Ints
    begun: int
    head: Ints
    tail: Ints

    @classmethod
    def empty(cls, figures: int) -> Clusters:
        """No rows, of so many figures."""
        none = np.zeros(figures, np.int64)
        ends = np.zeros(figures + 1, np.int64)
        return cls(0, none, none, 0, 0, none, none, 0, ends, ends)

    @classmethod
    def of(cls, begins: npt.NDArray[np.bool_], used: npt.NDArray[np.bool_], x: Ints) -> Clusters:
        """Sum up rows in the order of their arrival.

        Args:
            begins: whether each row is the first of its request, shape (n,).
            used: which rows count, shape (n,).
            x: figures of those that do, shape (used, k).
        """
        figures, begun = x.shape[1], int(begins.sum())
        request = np.cumsum(begins)[used]  # 0: of a request that began before
        counted = np.column_stack([np.ones(len(x), np.int64), x])
        sums = np.zeros((begun + 1, figures + 1), np.int64)
        firsts = np.flatnonzero(np.diff(request, prepend=-1))
        if len(firsts):
            sums[request[firsts]] = np.add.reduceat(counted, firsts, axis=0)
        none = np.zeros(figures + 1, np.int64)
        whole = _closed(sums[1:begun])
        ends = {"head": sums[0], "tail": sums[begun] if begun else none, "begun": begun}
        rows = {"rows": len(x), "sums": x.sum(axis=0), "row_squares": (x * x).sum(axis=0)}
        return cls(**whole, **ends, **rows)

    def __add__(self, other: Clusters) -> Clusters:
        """The sums of both, other's rows being the later ones."""
        head, tail, between = self.head, other.tail, np.zeros((0, len(self.head)), np.int64)
        if not self.begun:
            head = head + other.head
        elif not other.begun:
            tail = self.tail + other.head
        else:
            between = (self.tail + other.head)[None]
        joint = _closed(between)
        added = {n: getattr(self, n) + getattr(other, n) + joint.get(n, 0) for n in _ADDED}
        return Clusters(**added, head=head, tail=tail)

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
        """Requests with at least one row, those at the ends included."""
        return self.requests + int(self.head[0] > 0) + int(self.tail[0] > 0)

    def design_effect(self, figure: int) -> float:
        """Variance of a figure's mean, relative to that of as many independent rows; at least 1.

        The variance between requests over that between rows (Kish 1965, "Survey Sampling", ch. 5
        and 8). With one request only, all rows count as one.
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
        by_request = between * count / (count - 1)
        by_row = within * self.rows / (self.rows - 1)
        return max(1.0, float(by_request / by_row))

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


def numbered(begins: npt.NDArray[np.bool_], used: npt.NDArray[np.bool_]) -> Ints:
    """Number of the request of each row that counts, from 0 without gaps; as ``Clusters.of``."""
    return np.asarray(np.unique(np.cumsum(begins)[used], return_inverse=True)[1], np.int64)


_ADDED = (
    "rows",
    "sums",
    "row_squares",
    "requests",
    "size_squares",
    "products",
    "squares",
    "begun",
)


def _closed(sums: Ints) -> dict[str, Any]:
    """Sums over whole requests, given m and S of each, shape (requests, 1 + figures)."""
    m, s = sums[:, :1], sums[:, 1:]
    return {
        "requests": int((m > 0).sum()),
        "size_squares": int((m * m).sum()),
        "products": (m * s).sum(axis=0),
        "squares": (s * s).sum(axis=0),
    }
