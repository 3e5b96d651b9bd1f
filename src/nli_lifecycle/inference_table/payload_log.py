"""An inference log as Databricks' endpoints write it: a table with a row per request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from nli_lifecycle.inference_table.payload import (
    PAYLOAD_COLUMNS,
    Unpacking,
    read_entities,
    request_id,
)
from nli_lifecycle.inference_table.source import Key, Source
from nli_lifecycle.inference_table.stretches import portions, require, stretches
from nli_lifecycle.inference_table.words import Words
from nli_lifecycle.monitoring.columns import COLUMNS, Columns
from nli_lifecycle.monitoring.log import LEFT_OUT, LogUnreadable
from nli_lifecycle.monitoring.truths import Pair
from nli_lifecycle.serving.log.vocabulary import Vocabulary

REQUESTS_READ = 2_000  # at a time, each with all its texts
#: Rows of one millisecond are numbered; so many fit.
IN_A_MILLISECOND = 1 << 20
#: Rows that come later than ``settle`` are looked for so far back.
LOOKED_BACK = timedelta(days=7)
REQUEST_TIME = Key("request_time", moments=True)
_ID = "databricks_request_id"
_ALWAYS = ("request_id", "arrival", *COLUMNS)


class PayloadLog:
    """Databricks' inference table: a row per request, without numbers of arrival.

    Rows are numbered by the millisecond of their request, then by request id and position. The
    platform delivers them when it can, so that nothing younger than ``settle`` is read.
    """

    def __init__(
        self,
        source: Source,
        words: Words,
        entities: Source | None,
        settle: timedelta,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        """Read requests from a table, and labels from another one.

        Args:
            source: the inference table.
            words: labels.
            entities: what its served entities are; None: their ids name them.
            settle: how long a request may take to reach the table.
            vocabulary: of the models' tokenizer; None: not known.
        """
        self._source = source
        self._words = words
        self._entities = entities
        self._settle = settle
        self._vocabulary = vocabulary

    def watermark(self) -> int:
        """See ``InferenceLog.watermark``: the newest row that is old enough.

        Raises:
            NoLogHere: there is no such table.
            LogUnreadable: it cannot be read, or lacks a column.
        """
        require(self._source, PAYLOAD_COLUMNS)
        settled = _microseconds(datetime.now(UTC) - self._settle)
        keys = self._source.keys(REQUEST_TIME, None, settled)
        return _number(int(keys.max()) // 1_000, IN_A_MILLISECOND - 1) if len(keys) else 0

    def rows(
        self, after: int = 0, until: int | None = None, *, columns: Sequence[str] | None = None
    ) -> Iterator[Columns]:
        """See ``InferenceLog.rows``; ``why`` says what is wrong with a row, or is empty.

        Raises:
            LogUnreadable: the table cannot be read, or more pairs than can be numbered say the
                same millisecond.
        """
        until = self.watermark() if until is None else until
        names = _ALWAYS if columns is None else [*columns, "arrival"]
        last = (until // IN_A_MILLISECOND + 1) * 1_000 - 1
        milliseconds = np.sort(self._source.keys(REQUEST_TIME, _before(after), last)) // 1_000
        for begin, end in stretches(milliseconds, REQUESTS_READ):
            span = (begin + 1) * 1_000 - 1, (end + 1) * 1_000 - 1
            table = self._source.between(PAYLOAD_COLUMNS, REQUEST_TIME, *span)
            found = [row for row in self._numbered(table) if after < row["arrival"] <= until]
            if found:
                yield {name: [row.get(name) for row in found] for name in {*names, "why"}}

    def feedback(self, after: int = 0, until: int | None = None) -> Iterator[Columns]:
        """See ``InferenceLog.feedback``: words from the time of that arrival on."""
        return self._words.read(since=_before(after))

    def answered(self, pairs: Iterable[Pair]) -> set[Pair]:
        """See ``InferenceLog.answered``."""
        asked, found = set(pairs), set()
        for some in portions(asked):
            for logged in self._source.where(
                PAYLOAD_COLUMNS, ["client_request_id", _ID], some
            ).to_pylist():
                found |= {
                    (request_id(logged), row["position"])
                    for row in self._unpacking.rows(logged)
                    if row["role"] != LEFT_OUT
                }
        return found & asked

    def recent(self, until: int) -> int:
        """See ``InferenceLog.recent``."""
        end = (until // IN_A_MILLISECOND + 1) * 1_000 - 1
        begin = end - LOOKED_BACK // timedelta(microseconds=1)
        return len(self._source.keys(REQUEST_TIME, begin, end))

    @cached_property
    def _unpacking(self) -> Unpacking:
        entities = {} if self._entities is None else read_entities(self._entities)
        return Unpacking(entities, self._vocabulary)

    def _numbered(self, table: pa.Table) -> Iterator[dict[str, Any]]:
        """Rows of whole milliseconds, each request once."""
        millisecond = place = -1
        before = None
        for logged in sorted(
            table.to_pylist(), key=lambda row: (row["request_time"], str(row[_ID]))
        ):
            at = _microseconds(logged["request_time"]) // 1_000
            place = place if at == millisecond else -1
            millisecond = at
            again = logged[_ID] is not None and logged[_ID] == before
            before = logged[_ID]
            for row in self._unpacking.rows(logged):
                place += 1
                if place >= IN_A_MILLISECOND - 1:
                    raise LogUnreadable(
                        f"{self._source.place} has more than {IN_A_MILLISECOND - 1:,} pairs of "
                        f"{logged['request_time']}: it does not keep the time of each request."
                    )
                if again:
                    row |= {"role": LEFT_OUT, "why": "logged twice"}
                yield row | {"arrival": _number(at, place)}


def _number(millisecond: int, place: int) -> int:
    return millisecond * IN_A_MILLISECOND + place


def _before(arrival: int) -> int:
    """The last microsecond before the millisecond of an arrival."""
    return arrival // IN_A_MILLISECOND * 1_000 - 1


def _microseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
