"""Databricks' inference table as Delta: requests, answers, served entities, labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
TEXT = pa.string()
MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("request_date", pa.date32()),
        ("databricks_request_id", TEXT),
        ("client_request_id", TEXT),
        ("request_time", MOMENT),
        ("status_code", pa.int32()),
        ("sampling_fraction", pa.float64()),
        ("execution_duration_ms", pa.int64()),
        ("request", TEXT),
        ("response", TEXT),
        ("served_entity_id", TEXT),
        ("logging_error_codes", pa.list_(TEXT)),
        ("requester", TEXT),
    ]
)
LABELS = pa.schema([("request_id", TEXT), ("label", TEXT), ("time", MOMENT)])
PAIR = {"premise": "A man walks his dog.", "hypothesis": "A dog is outside."}
ANSWER = {"label": "entailment", "p_entailment": 0.7, "p_neutral": 0.2, "p_contradiction": 0.1}


def logged(
    body: Any = None, predictions: Sequence[Any] | None = (ANSWER,), **changes: Any
) -> dict[str, Any]:
    """A row of the table; its request holds one pair unless said otherwise."""
    row = {
        "databricks_request_id": "d1",
        "client_request_id": None,
        "request_time": NOW,
        "status_code": 200,
        "sampling_fraction": 1.0,
        "execution_duration_ms": 4,
        "request": json.dumps({"dataframe_records": [PAIR]} if body is None else body),
        "response": json.dumps({"predictions": list(predictions or ())}),
        "served_entity_id": "e7",
        "logging_error_codes": [],
        "requester": "someone",
    }
    row |= changes
    return row | {"request_date": row["request_time"].date()}


def write(place: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema = SCHEMA) -> Path:
    """Add rows to a Delta table, which is made where there is none."""
    write_deltalake(str(place), pa.Table.from_pylist(list(rows), schema), mode="append")
    return place


def write_entities(place: Path, entities: Mapping[str, tuple[str, str]]) -> Path:
    """The table of served entities: id → model, version."""
    names = ("served_entity_id", "entity_name", "entity_version")
    schema = pa.schema([(name, TEXT) for name in names])
    return write(place, [dict(zip(names, (key, *who))) for key, who in entities.items()], schema)
