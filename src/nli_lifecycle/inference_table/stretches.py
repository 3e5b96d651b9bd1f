"""Reading a table stretch by stretch of its keys, and what it must have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nli_lifecycle.inference_table.source import Source
from nli_lifecycle.monitoring.columns import Ints
from nli_lifecycle.monitoring.log import LogUnreadable
from nli_lifecycle.monitoring.truths import Pair

ASKED = 500  # requests in one query


def require(source: Source, names: Sequence[str]) -> None:
    """Check that a table has some columns.

    Raises:
        NoLogHere: there is no such table.
        LogUnreadable: it cannot be read, or lacks one.
    """
    there = source.columns()
    missing = [name for name in names if name not in there]
    if missing:
        raise LogUnreadable(
            f"{source.place} has no {', '.join(missing)}; it has {', '.join(there)}. Give the "
            "catalog entry's shape: log for a table of pairs, payload for Databricks' inference "
            "table (docs/inference_log.md)."
        )


def stretches(keys: Ints, most: int) -> Iterator[tuple[int, int]]:
    """Yield spans of sorted keys, the first key left out, that hold about so many each."""
    if not len(keys):
        return
    begin = int(keys[0]) - 1
    for end in np.unique([*keys[most - 1 :: most], keys[-1]]).tolist():
        yield begin, end
        begin = end


def portions(pairs: set[Pair]) -> Iterator[list[str]]:
    """Yield the requests of pairs, so many at a time as one query asks for."""
    requests = sorted({request for request, _ in pairs})
    for begin in range(0, len(requests), ASKED):
        yield requests[begin : begin + ASKED]
