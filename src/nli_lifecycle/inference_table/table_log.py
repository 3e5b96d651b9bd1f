"""An inference log that lies in a table of our own schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from nli_lifecycle.inference_table.source import Key, Source
from nli_lifecycle.inference_table.stretches import portions, require, stretches
from nli_lifecycle.inference_table.words import Words
from nli_lifecycle.monitoring.columns import Columns
from nli_lifecycle.monitoring.truths import Pair

ROWS_READ = 10_000  # at a time
ARRIVAL = Key("arrival")


class TableLog:
    """A table with the columns of ``inference_log``, arrival numbers included."""

    def __init__(self, source: Source, words: Words) -> None:
        """Read rows from a table, and labels from another one."""
        self._source = source
        self._words = words

    def watermark(self) -> int:
        """See ``InferenceLog.watermark``.

        Raises:
            NoLogHere: there is no such table.
            LogUnreadable: it cannot be read, or lacks a column.
        """
        require(self._source, ["request_id", "position", "time", "label", "arrival"])
        return int(max(self._source.keys(ARRIVAL), default=0))

    def rows(
        self, after: int = 0, until: int | None = None, *, columns: Sequence[str] | None = None
    ) -> Iterator[Columns]:
        """See ``InferenceLog.rows``; columns that the table lacks are left out."""
        there = self._source.columns()
        chosen = [name for name in there if columns is None or name in (*columns, "arrival")]
        keys = np.sort(self._source.keys(ARRIVAL, after, until))
        for first, last in stretches(keys, ROWS_READ):
            batch = self._source.between(chosen, ARRIVAL, first, last).sort_by("arrival")
            yield batch.to_pydict()

    def feedback(self, after: int = 0, until: int | None = None) -> Iterator[Columns]:
        """See ``InferenceLog.feedback``: all words, as their table may number them otherwise."""
        return self._words.read()

    def answered(self, pairs: Iterable[Pair]) -> set[Pair]:
        """See ``InferenceLog.answered``."""
        asked, found = set(pairs), set()
        for some in portions(asked):
            rows = self._source.where(["request_id", "position", "role"], ["request_id"], some)
            for row in rows.to_pylist():
                if row["role"] == "champion":
                    found.add((row["request_id"], row["position"]))
        return found & asked

    def recent(self, until: int) -> None:
        """See ``InferenceLog.recent``: numbers of arrival leave nothing behind."""
