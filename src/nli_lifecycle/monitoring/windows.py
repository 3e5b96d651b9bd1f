"""Windows of the log: so many rows of one model, in the order of their arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nli_lifecycle.monitoring.columns import Columns, Key, read
from nli_lifecycle.monitoring.summary import Summary

PAIRS = 500  # of a window: an accuracy near 86% is known to ±3 points then


@dataclass(frozen=True)
class Window:
    """Rows of one model that are judged together.

    Attributes:
        number: by the arrival of its last row, from 1.
        key: model, version, digest and epoch; a change of any begins another window.
        summary: of its rows.
    """

    number: int
    key: Key
    summary: Summary


class Windows:
    """Divides the log into windows, batch by batch.

    What is kept is one summary per model with an unfinished window. Windows are divided by arrival,
    never by time: no clock can move a row. The same rows make the same windows in whatever batches.
    """

    def __init__(self, pairs: int | None = PAIRS) -> None:
        """Begin with the first row of a log.

        Args:
            pairs: rows of a window, damaged ones included: a model whose answers are all damaged
                has windows that say so. None: whatever came between two calls of ``close``.
        """
        if pairs is not None and pairs < 1:
            raise ValueError(f"A window of {pairs} pairs: give at least 1, or none for no limit.")
        self.pairs = pairs
        self.watermark = 0
        self.repeated = 0
        self._numbered = 0
        self._open: dict[Key, Summary] = {}

    def add(self, batch: Columns) -> list[Window]:
        """Take the next batch in the order of arrival.

        Rows up to the watermark are counted as ``repeated`` and left out.

        Args:
            batch: column → values, as ``LogReader.rows`` gives them.

        Returns:
            The windows that became full, by number.

        Raises:
            ValueError: a needed column is not there, or columns differ in length.
        """
        rows = read(batch, after=self.watermark)
        self.repeated += rows.repeated
        full: list[tuple[Key, Summary]] = []
        for code, key in enumerate(rows.keys):
            places = np.flatnonzero(rows.key == code)
            while len(places):
                so_far = self._open.pop(key, None) or Summary.empty()
                room = len(places) if self.pairs is None else self.pairs - so_far.rows
                summary = so_far + Summary.of(rows, places[:room])
                places = places[room:]
                if summary.rows == self.pairs:
                    full.append((key, summary))
                else:
                    self._open[key] = summary
        if len(batch["arrival"]):
            self.watermark = max(self.watermark, int(max(batch["arrival"])))
        return self._number(full)

    def close(self) -> list[Window]:
        """End the unfinished windows, however few rows they have; by number."""
        full, self._open = [*self._open.items()], {}
        return self._number(full)

    @property
    def waiting(self) -> int:
        """Rows in windows that are not full yet."""
        return sum(summary.rows for summary in self._open.values())

    def resize(self, pairs: int) -> list[Window]:
        """Give the next windows another size; unfinished ones of the old size are ended."""
        closed = self.close() if pairs != self.pairs else []
        self.pairs = pairs
        return closed

    def to_json(self) -> dict[str, Any]:
        """All that a later run needs to go on from the watermark, as JSON's types."""
        return {
            "pairs": self.pairs,
            "watermark": self.watermark,
            "repeated": self.repeated,
            "numbered": self._numbered,
            "open": [[list(key), summary.to_json()] for key, summary in self._open.items()],
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> Windows:
        """Go on where ``to_json`` was called.

        Raises:
            ValueError: the state was made with other bins.
        """
        windows = cls(state["pairs"])
        windows.watermark, windows.repeated = state["watermark"], state["repeated"]
        windows._numbered = state["numbered"]
        windows._open = {
            (str(model), str(version), str(digest), int(epoch)): Summary.from_json(summary)
            for (model, version, digest, epoch), summary in state["open"]
        }
        return windows

    def _number(self, full: list[tuple[Key, Summary]]) -> list[Window]:
        full.sort(key=lambda found: found[1].last_arrival or 0)
        first = self._numbered + 1
        self._numbered += len(full)
        return [Window(number, *found) for number, found in enumerate(full, first)]
