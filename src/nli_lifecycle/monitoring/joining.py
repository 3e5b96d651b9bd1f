"""Labels joined with the answers they are about, however late they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from nli_lifecycle.monitoring.calibration import CalibrationSums
from nli_lifecycle.monitoring.columns import Columns, Floats, Ints, Key, Rows, read
from nli_lifecycle.monitoring.summary import BILLIONTHS, WIDTH, billionths
from nli_lifecycle.monitoring.truths import Pair, Truths
from nli_lifecycle.nli.metrics.measures import confusion_matrix

NAMED = 5  # pairs in a message


@dataclass(frozen=True)
class Labelled:
    """The labelled pairs of a window, summed up; ``a + b`` is the sum of both.

    Attributes:
        confusion: truth in rows, label given in columns, shape (3, 3).
        calibration: of these pairs.
        gap_squares: billionths of Σ (right − c)².
    """

    confusion: Ints
    calibration: CalibrationSums
    gap_squares: int

    @classmethod
    def of(cls, truth: Ints, predicted: Ints, probabilities: Floats) -> Labelled:
        """Sum up pairs: label indices, (n,) and (n,); probabilities, (n, 3)."""
        confidence = probabilities[np.arange(len(truth)), predicted]
        squares = billionths(((truth == predicted) - confidence) ** 2)
        return cls(
            confusion=confusion_matrix(truth, predicted),
            calibration=CalibrationSums.of(truth, predicted, probabilities),
            gap_squares=int(squares.sum()),
        )

    @classmethod
    def empty(cls) -> Labelled:
        """No labelled pairs."""
        return cls.of(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, WIDTH)))

    def __add__(self, other: Labelled) -> Labelled:
        """The sum of both."""
        return Labelled(
            self.confusion + other.confusion,
            self.calibration + other.calibration,
            self.gap_squares + other.gap_squares,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON's types; ``from_json`` gives it back."""
        sums = {f.name: getattr(self.calibration, f.name).tolist() for f in fields(CalibrationSums)}
        return {
            "confusion": self.confusion.tolist(),
            "calibration": sums,
            "gap_squares": self.gap_squares,
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Labelled:
        """The sums that ``to_json`` was made of."""
        sums = {name: np.asarray(values, np.int64) for name, values in found["calibration"].items()}
        return cls(
            np.asarray(found["confusion"], np.int64), CalibrationSums(**sums), found["gap_squares"]
        )

    @property
    def pairs(self) -> int:
        """How many."""
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        """How many were answered rightly."""
        return int(np.trace(self.confusion))

    @property
    def confidence(self) -> float:
        """Σ c."""
        return int(self.calibration.confidence.sum()) / BILLIONTHS

    @property
    def variance(self) -> float:
        """Σ c (1 − c): of the right answers, if confidence is calibrated."""
        return int(self.calibration.variance.sum()) / BILLIONTHS


@dataclass(frozen=True)
class Span:
    """Where a window's rows lie in the log: all of one key, between two arrivals, both in it."""

    key: Key
    first_arrival: int
    last_arrival: int


class Spans:
    """Finds the rows of windows in a batch."""

    def __init__(self, spans: Sequence[Span]) -> None:
        """Take the windows' places; those of one key do not overlap."""
        self._by_key: dict[Key, list[tuple[int, int, int]]] = {}
        for number, span in enumerate(spans):
            places = self._by_key.setdefault(span.key, [])
            places.append((span.first_arrival, span.last_arrival, number))

    def find(self, rows: Rows) -> Iterator[tuple[int, Ints]]:
        """Yield a span's place in the sequence, and the places in ``rows`` of its rows."""
        if not len(rows.arrival):
            return
        begin, end = rows.arrival[0], rows.arrival[-1]
        for code, key in enumerate(rows.keys):
            for first, last, number in self._by_key.get(key, ()):
                if first <= end and last >= begin:
                    inside = np.arange(*np.searchsorted(rows.arrival, [first, last + 1]))
                    inside = inside[rows.key[inside] == code]
                    if len(inside):
                        yield number, inside


class LabelJoin:
    """Reads rows of windows again, and sums up those that have got a label by now."""

    def __init__(self, truths: Truths, spans: Sequence[Span]) -> None:
        """Begin.

        Args:
            truths: settled labels.
            spans: of the windows; those of one key do not overlap.
        """
        self._labels = truths.labels
        self._unseen = set(truths.labels)
        self.labelled = [Labelled.empty() for _ in spans]  # one per span
        self._spans = Spans(spans)
        self._watermark = 0

    def add(self, batch: Columns) -> tuple[Rows, Ints]:
        """Take the next batch in the order of arrival; it needs ``request_id`` and ``position``.

        Returns:
            The rows, and the true label of each, shape (n,); -1: none is known, or the row cannot
            be used.
        """
        rows = read(batch, after=self._watermark)
        if len(batch["arrival"]):
            self._watermark = max(self._watermark, int(max(batch["arrival"])))
        requests, positions = batch["request_id"], batch["position"]
        pairs: list[Pair] = [(str(requests[at]), int(positions[at])) for at in rows.places]
        self._unseen.difference_update(pairs)
        truth = np.fromiter((self._labels.get(p, -1) for p in pairs), np.int64, len(pairs))
        truth[~rows.sound] = -1
        for number, inside in self._spans.find(rows):
            inside = inside[truth[inside] >= 0]
            if len(inside):
                self.labelled[number] += Labelled.of(
                    truth[inside], rows.label[inside], rows.probabilities[inside]
                )
        return rows, truth

    @property
    def unseen(self) -> set[Pair]:
        """Labelled pairs that no batch held."""
        return self._unseen

    def without_prediction(self) -> tuple[int, tuple[Pair, ...]]:
        """Labelled pairs that no batch held: how many, and the first few by name.

        Only the whole log tells that there is no prediction; of part of it, that there is none
        there. Rows of shadows, whom nobody got an answer from, are none.
        """
        return len(self._unseen), tuple(sorted(self._unseen)[:NAMED])
