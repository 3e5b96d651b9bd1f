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
    archive: str,
    digest: str,
    stamp: Stamp,
    names: tuple[str, ...],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Score rows whose columns go by numbers, as Spark takes a dot in a name for a path.

    Args:
        archive: name of the bundle among the worker's files.
        digest: the bundle's.
        stamp: see ``answers``.
        names: what the columns are called.
        batches: see ``answers``.
    """
    from pyspark import SparkFiles

    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a task has one core
    model = load_model(Path(SparkFiles.get(archive)), digest)
    named = (pa.RecordBatch.from_arrays(batch.columns, names=names) for batch in batches)
    yield from answers(model, stamp, named)


def judge_batches(
    table: str,
    fields: tuple[str, ...],
    names: tuple[str, ...],
    portions: int,
    longest: int,
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Judge a table's rows, and say which portion each belongs to.

    Args:
        table: its name.
        fields: ours that it has; their columns stand behind the row's hash.
        names: what the columns handed on, which stand behind those, are called from now on.
        portions: how many there are.
        longest: most characters of a text.
        batches: the rows.
    """
    for batch in filter(len, batches):
        texts = {field: values_of(batch[f"{ROW}_{field}"]) for field in fields}
        ids = texts.get("pair_id", [None] * batch.num_rows)
        hashes = batch[ROW].to_pylist()
        places = [f"{table}:{row % 2**64:016x}" for row in hashes]
        found = zip(places, ids, texts["premise"], texts["hypothesis"])
        judged = [judge(*row, longest) for row in found]
        kept = batch.columns[1 + len(fields) :]
        schema = landed_schema([pa.field(new, array.type) for new, array in zip(names, kept)])
        rows = record_batch(judged, kept, schema)
        portion = [
            ASIDE if row.reason else f"{number % portions:05d}"
            for row, number in zip(judged, hashes)
        ]
        yield rows.append_column(PORTION, pa.array(portion, pa.string()))
