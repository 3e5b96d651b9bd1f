"""From rows to answers, on whichever machine: the same few lines in our process and in Spark's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.scoring.model import Model
from nli_lifecycle.scoring.rows import ANSWER, LANDED
from nli_lifecycle.serving.head import Release

#: Pairs scored together, sorted by length; more gain nothing, and fewer are sooner interrupted.
TOGETHER = 4_096

DIGEST_DIGITS = 12
SCORED_AT = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Stamp:
    """What stands on every row of a run: which version answered, and when the run began."""

    release: Release
    scored_at: datetime

    def columns(self, rows: int) -> list[pa.Array]:
        """Model name, version, digest prefix, epoch and time, so many rows of them."""
        release = self.release
        digest = release.digest[:DIGEST_DIGITS]
        values = [pa.scalar(text) for text in (release.model, release.version, digest)]
        values += [pa.scalar(release.epoch, pa.int64()), pa.scalar(self.scored_at, SCORED_AT)]
        return [pa.repeat(value, rows) for value in values]


def answer_schema(landed: pa.Schema) -> pa.Schema:
    """Columns of the answers to rows with ``landed`` columns."""
    texts, numbers = pa.string(), pa.float64()
    kinds = [texts, texts, *(numbers for _ in LABELS)]
    kinds += [texts, texts, texts, pa.int64(), SCORED_AT, texts]
    kept = [field for field in landed if field.name not in LANDED]
    return pa.schema([*map(pa.field, ANSWER, kinds), *kept])


def answers(
    model: Model, stamp: Stamp, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Score rows with ``LANDED`` columns.

    Args:
        model: what answers.
        stamp: what stands on every row.
        batches: rows that can be scored, in batches of any size.

    Yields:
        As many rows in the same order, with ``answer_schema``.
    """
    for rows in _together(batches):
        found = model.predict_proba(rows["premise"].to_pylist(), rows["hypothesis"].to_pylist())
        labels = pa.array(np.array(LABELS, dtype=object)[found.argmax(axis=1)], pa.string())
        shares = [pa.array(found[:, column]) for column in range(len(LABELS))]
        kept = [rows[name] for name in rows.schema.names if name not in LANDED]
        pair_id, place = (rows[name].cast(pa.string()) for name in ("pair_id", "place"))
        said = [pair_id, labels, *shares, *stamp.columns(rows.num_rows), place]
        yield pa.RecordBatch.from_arrays([*said, *kept], schema=answer_schema(rows.schema))


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join small batches: whoever hands them over decides their size, sorting wants many rows."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        while batch.num_rows:
            room = TOGETHER - sum(part.num_rows for part in held)
            held.append(batch.slice(0, room))
            batch = batch.slice(room)
            if sum(part.num_rows for part in held) == TOGETHER:
                yield pa.concat_batches(held)
                held = []
    if held:
        yield pa.concat_batches(held)
