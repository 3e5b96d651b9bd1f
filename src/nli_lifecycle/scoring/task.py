"""What Spark's workers do: they import this, and with it neither Kedro nor MLflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from nli_lifecycle.scoring.answers import Stamp, answers
from nli_lifecycle.scoring.files import values_of
from nli_lifecycle.scoring.model import load_model
from nli_lifecycle.scoring.rows import ASIDE, PORTION, judge, landed_schema, record_batch

#: A row's hash, while it is landed; with a field's name behind it, that field's column.
ROW = "_row"


def score_batches(
    archive: str, digest: str, stamp: Stamp, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """What a task does; see ``answers``."""
    from pyspark import SparkFiles

    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a task has one core
    model = load_model(Path(SparkFiles.get(archive)), digest)
    yield from answers(model, stamp, batches)


def judge_batches(
    name: str,
    fields: tuple[str, ...],
    portions: int,
    longest: int,
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Judge rows that have their hash and our fields before the columns handed on."""
    for batch in batches:
        texts = {field: values_of(batch[f"{ROW}_{field}"]) for field in fields}
        ids = texts.get("pair_id", [None] * batch.num_rows)
        hashes = batch[ROW].to_pylist()
        places = [f"{name}:{row % 2**64:016x}" for row in hashes]
        found = zip(places, ids, texts["premise"], texts["hypothesis"])
        judged = [judge(*row, longest) for row in found]
        kept = batch.schema.names[1 + len(fields) :]
        schema = landed_schema([batch.schema.field(column) for column in kept])
        rows = record_batch(judged, [batch[column] for column in kept], schema)
        portion = [
            ASIDE if row.reason else f"{number % portions:05d}"
            for row, number in zip(judged, hashes)
        ]
        yield rows.append_column(PORTION, pa.array(portion, pa.string()))
