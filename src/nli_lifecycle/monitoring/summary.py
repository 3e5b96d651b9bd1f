"""What stays of a window's rows: counts and sums of a fixed size, however many rows there were.

Probabilities are summed as whole billionths. Whole numbers add up to the same whatever the order,
so the same rows make the same summary in whatever batches, on whatever machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from nli_lifecycle.monitoring.clusters import Clusters
from nli_lifecycle.monitoring.columns import FEATURES, Floats, Ints, Rows
from nli_lifecycle.nli.labels import LABELS

WIDTH = len(LABELS)
BILLIONTHS = 1_000_000_000  # sums of up to nine billion rows fit
_ABOVE = np.triu_indices(WIDTH)

#: Lower ends of the bins of each feature but the first, which has all that is lower. Confidences
#: crowd near 1, lengths near 0; a share of 0 has a bin of its own.
EDGES: dict[str, Floats] = {
    "confidence": 1 - np.geomspace(2 / 3, 1e-4, 60),
    "premise_words": np.concatenate([np.arange(1, 65), np.geomspace(65, 8_192, 30)]),
    "hypothesis_words": np.concatenate([np.arange(1, 65), np.geomspace(65, 8_192, 30)]),
    "overlap": np.concatenate([[1e-9], np.linspace(0, 1, 21)[1:]]),
    "unknown_share": np.concatenate([[1e-9], np.linspace(0, 1, 21)[1:]]),
    "latency_ms": np.geomspace(0.1, 1e5, 60),
}

#: Features whose sums are kept by cluster, too, as numbers of bins; after the labels.
CLUSTERED = tuple(name for name in EDGES if name != "latency_ms")


@dataclass(frozen=True)
class Summary:
    """Rows of one model, summed up. ``a + b`` is the summary of the rows of both.

    Attributes:
        pairs: rows that could be used.
        damaged: rows whose probabilities or label could not; nothing below counts them.
        first_damaged: lowest arrival of a damaged row; None: there is none.
        begin: earliest time that a row says; None: there are no rows.
        end: latest time.
        first_arrival: lowest arrival; None: there are no rows.
        last_arrival: highest.
        predicted: rows by label given, shape (3,).
        expected: billionths of the probability of each label (rows) by label given (columns),
            shape (3, 3): the confusion matrix that the probabilities promise.
        products: billionths of products of two labels' probabilities, by label given (first
            axis), shape (3, 3, 3).
        histograms: rows by bin of ``EDGES``; the last bin holds the rows that do not say.
        clusters: by request and premise: whether each label was given, then the bins of
            ``CLUSTERED``; without rows where a summary was made before there was such a thing.
    """

    pairs: int
    damaged: int
    first_damaged: int | None
    begin: datetime | None
    end: datetime | None
    first_arrival: int | None
    last_arrival: int | None
    predicted: Ints
    expected: Ints
    products: Ints
    histograms: dict[str, Ints]
    clusters: Clusters

    @classmethod
    def empty(cls) -> Summary:
        """The summary of no rows."""
        return cls(
            pairs=0,
            damaged=0,
            first_damaged=None,
            begin=None,
            end=None,
            first_arrival=None,
            last_arrival=None,
            predicted=np.zeros(WIDTH, np.int64),
            expected=np.zeros((WIDTH, WIDTH), np.int64),
            products=np.zeros((WIDTH, WIDTH, WIDTH), np.int64),
            histograms={name: np.zeros(len(e) + 2, np.int64) for name, e in EDGES.items()},
            clusters=Clusters.empty(WIDTH + len(CLUSTERED)),
        )

    @classmethod
    def of(cls, rows: Rows, places: Ints | None = None) -> Summary:
        """Sum up rows.

        Args:
            rows: of a batch.
            places: which of them; None: all.
        """
        places = np.arange(len(rows.arrival)) if places is None else places
        if not len(places):
            return cls.empty()
        arrival, time = rows.arrival[places], rows.time[places]
        sound = rows.sound[places]
        damaged = arrival[~sound]
        used = places[sound]
        label, probabilities = rows.label[used], rows.probabilities[used]
        features = {name: rows.features[name][used] for name in FEATURES}
        features["confidence"] = probabilities[np.arange(len(used)), label]
        bins = {name: _bins(name, features[name]) for name in EDGES}
        figures = np.column_stack(
            [np.eye(WIDTH, dtype=np.int64)[label], *(bins[name] for name in CLUSTERED)]
        )
        pairwise = probabilities[:, _ABOVE[0]] * probabilities[:, _ABOVE[1]]
        products = np.zeros((WIDTH, WIDTH, WIDTH), np.int64)
        products[:, _ABOVE[0], _ABOVE[1]] = _sums(pairwise, label)
        products[:, _ABOVE[1], _ABOVE[0]] = products[:, _ABOVE[0], _ABOVE[1]]
        return cls(
            pairs=len(used),
            damaged=len(damaged),
            first_damaged=int(damaged.min()) if len(damaged) else None,
            begin=time.min(),
            end=time.max(),
            first_arrival=int(arrival.min()),
            last_arrival=int(arrival.max()),
            predicted=np.bincount(label, minlength=WIDTH),
            expected=_sums(probabilities, label).T.copy(),
            products=products,
            histograms={n: np.bincount(b, minlength=len(EDGES[n]) + 2) for n, b in bins.items()},
            clusters=Clusters.of(rows.position[places], rows.premise[places], sound, figures),
        )

    def __add__(self, other: Summary) -> Summary:
        """The summary of the rows of both."""
        return Summary(
            pairs=self.pairs + other.pairs,
            damaged=self.damaged + other.damaged,
            first_damaged=_least(self.first_damaged, other.first_damaged),
            begin=_least(self.begin, other.begin),
            end=_greatest(self.end, other.end),
            first_arrival=_least(self.first_arrival, other.first_arrival),
            last_arrival=_greatest(self.last_arrival, other.last_arrival),
            predicted=self.predicted + other.predicted,
            expected=self.expected + other.expected,
            products=self.products + other.products,
            histograms={name: self.histograms[name] + other.histograms[name] for name in EDGES},
            clusters=self.clusters + other.clusters,
        )

    def __eq__(self, other: object) -> bool:
        """Whether all counts and sums are the same."""
        return isinstance(other, Summary) and self.to_json() == other.to_json()

    @property
    def rows(self) -> int:
        """Rows summed up, damaged ones included."""
        return self.pairs + self.damaged

    @property
    def premises(self) -> int:
        """Premises asked about, in each request anew; as many as pairs, where it is not known."""
        return self.clusters.count() + self.pairs - self.clusters.rows

    def design_effect(self, feature: str) -> float:
        """By which the pairs are fewer than they seem, for the distribution of a feature."""
        return self.clusters.design_effect(WIDTH + CLUSTERED.index(feature))

    def label_effect(self) -> float:
        """The same for the mix of labels."""
        return self.clusters.mean_effect(range(WIDTH))

    def to_json(self) -> dict[str, Any]:
        """As JSON's types; ``from_json`` gives it back."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _COUNTS}
        fields |= {name: moment and moment.isoformat() for name, moment in self._moments().items()}
        fields |= {name: getattr(self, name).tolist() for name in _ARRAYS}
        histograms = {name: h.tolist() for name, h in self.histograms.items()}
        return fields | {"histograms": histograms, "clusters": self.clusters.to_json()}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Summary:
        """The summary that ``to_json`` was made of.

        Raises:
            ValueError: it was made with other bins, or is damaged.
        """
        empty = cls.empty()
        arrays = {name: np.asarray(fields[name], np.int64) for name in _ARRAYS}
        bins = {name: np.asarray(h, np.int64) for name, h in fields["histograms"].items()}
        shapes = {name: array.shape for name, array in (arrays | bins).items()}
        ours = {name: getattr(empty, name).shape for name in _ARRAYS}
        if shapes != ours | {name: h.shape for name, h in empty.histograms.items()}:
            raise ValueError("The summary has other bins than ours: read its window again.")
        moments = {name: fields[name] and datetime.fromisoformat(fields[name]) for name in _MOMENTS}
        rest: dict[str, Any] = {name: fields[name] for name in _COUNTS} | moments | arrays
        known = fields.get("clusters")
        return cls(
            **rest,
            histograms=bins,
            clusters=Clusters.from_json(known) if known else empty.clusters,
        )

    def _moments(self) -> dict[str, datetime | None]:
        return {"begin": self.begin, "end": self.end}


_COUNTS = ("pairs", "damaged", "first_damaged", "first_arrival", "last_arrival")
_MOMENTS = ("begin", "end")
_ARRAYS = ("predicted", "expected", "products")


def billionths(values: Floats) -> Ints:
    """Shares as whole billionths, same shape."""
    return np.asarray(np.rint(values * BILLIONTHS), dtype=np.int64)


def _sums(values: Floats, label: Ints) -> Ints:
    """Billionths summed by label, shape (3, k)."""
    whole = billionths(values)
    return np.stack([whole[label == code].sum(axis=0) for code in range(WIDTH)])


def _bins(name: str, values: Floats) -> Ints:
    edges = EDGES[name]
    bins = np.searchsorted(edges, values, side="right").astype(np.int64)
    bins[np.isnan(values)] = len(edges) + 1
    return bins


def _least(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else min(one, other)


def _greatest(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else max(one, other)
