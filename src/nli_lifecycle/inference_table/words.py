"""Labels in a table beside the log's: request id, label, time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pyarrow as pa

from nli_lifecycle.inference_table.source import Key, Source
from nli_lifecycle.monitoring.columns import Columns
from nli_lifecycle.monitoring.log import LogUnreadable
from nli_lifecycle.serving.log.reading import NoLogHere

TIME = Key("time", moments=True)
NEEDED = ("request_id", "label", "time")
#: Where the table does not say: the only pair of its request, by whoever writes the table.
DEFAULTS = {"position": 0, "source": "table"}
WORDS_READ = 10_000  # at a time
#: Words may say an earlier time than the answers they are about, by clocks, or as a date only.
SKEW = timedelta(days=1)


class Words:
    """Reads labels by their time; there need be none."""

    def __init__(self, source: Source | None) -> None:
        """Take the table; None: nobody says anything."""
        self._source = source

    def read(self, since: int | None = None) -> Iterator[Columns]:
        """Yield words in batches, by time; numbered in that order.

        Args:
            since: microseconds; words older than a day before are left out. None: all.

        Raises:
            LogUnreadable: the table cannot be read, or lacks a column.
        """
        if self._source is None:
            return
        try:
            there = self._source.columns()
        except NoLogHere:
            return
        missing = [name for name in NEEDED if name not in there]
        if missing:
            raise LogUnreadable(
                f"{self._source.place} has no {', '.join(missing)}: labels need request_id, label "
                "and time, and may have position and source."
            )
        chosen = [*NEEDED, *(name for name in DEFAULTS if name in there)]
        begin = None if since is None else since - SKEW // timedelta(microseconds=1)
        keys = np.unique(self._source.keys(TIME, begin))
        number = 0
        timeless = self._source.whole(["time"])["time"].null_count
        if timeless:  # no word that counts, but none that may vanish either
            yield {
                "request_id": [""] * timeless,
                "position": [0] * timeless,
                "source": ["table"] * timeless,
                "label": ["no time"] * timeless,
                "time": [None] * timeless,
                "arrival": [0] * timeless,
            }
        for first in range(0, len(keys), WORDS_READ):
            some = keys[first : first + WORDS_READ]
            table = self._source.between(chosen, TIME, int(some[0]) - 1, int(some[-1]))
            yield _completed(table.sort_by("time"), number)
            number += len(table)


def _completed(table: pa.Table, before: int) -> Columns:
    batch = table.to_pydict()
    for name, default in DEFAULTS.items():
        values = batch.get(name, [None] * len(table))
        batch[name] = [default if value is None else value for value in values]
    return {**batch, "arrival": range(before + 1, before + len(table) + 1)}
