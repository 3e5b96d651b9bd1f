"""MLflow's scoring protocol: what its clients send, as pairs; whatever its server takes.

It takes a little more: rows in column order also under ``instances`` and ``inputs``, and texts like
``NA`` in CSV, which pandas would take for missing ones.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

COLUMNS = ("premise", "hypothesis")

Pairs = list[tuple[str, str]]


class ProtocolError(ValueError):
    """The body is not what the protocol says; names the place, never the text."""


def parse_json(body: bytes) -> Pairs:
    """Read a JSON body.

    Args:
        body: an object with one of dataframe_split, dataframe_records, instances and inputs;
            whatever else it holds is ignored, ``params`` included: the model has none.

    Raises:
        ProtocolError: the body is none of these.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        at = f"line {error.lineno} column {error.colno}"
        raise ProtocolError(f"The body is no valid JSON: see {at}.") from None
    given = [name for name in FORMATS if name in content] if isinstance(content, dict) else []
    if len(given) != 1:
        raise ProtocolError(
            f"The body must be a JSON object with exactly one of {', '.join(FORMATS)}; "
            f"it has {len(given)} of them."
        )
    return FORMATS[given[0]](content[given[0]], given[0])


def parse_csv(body: bytes) -> Pairs:
    """Read a CSV body with a line of column names; other columns are ignored.

    Raises:
        ProtocolError: a column or a cell is missing, or the body is no CSV in UTF-8.
    """
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        rows = [row for row in lines if row]
    except (UnicodeDecodeError, csv.Error):
        raise ProtocolError("The body is no CSV in UTF-8.") from None
    if not rows:
        raise ProtocolError("The body is empty; its first line must name the columns.")
    return _pairs(rows[1:], rows[0], "CSV")


def _split(content: Any, name: str) -> Pairs:
    if not isinstance(content, dict) or not {"columns", "data"} <= content.keys():
        raise ProtocolError(f"{name} must be an object with columns and data.")
    if content.keys() - {"columns", "data", "index"}:
        raise ProtocolError(f"{name} may hold columns, data and index, and nothing else.")
    columns, rows = content["columns"], content["data"]
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise ProtocolError(f"{name}: columns and data must be lists.")
    index = content.get("index")
    if index is not None and (not isinstance(index, list) or len(index) != len(rows)):
        raise ProtocolError(f"{name}: index must name each row of data.")
    return _pairs(rows, columns, name)


def _records(content: Any, name: str) -> Pairs:
    if not isinstance(content, list):
        raise ProtocolError(f"{name} must be a list of records.")
    if not content:
        raise ProtocolError(f"{name} is empty, so it names no columns.")
    pairs = []
    for row, record in enumerate(content):
        if not isinstance(record, dict):
            raise ProtocolError(f"{name}, row {row}: must be a record.")
        pairs.append(_pair([record.get(column) for column in COLUMNS], row, name))
    return pairs


def _tensors(content: Any, name: str) -> Pairs:
    """Columns, records, or rows in the order of the model's columns."""
    if isinstance(content, list):
        if content and isinstance(content[0], list):
            return _pairs(content, COLUMNS, name)
        return _records(content, name)
    if not isinstance(content, dict):
        raise ProtocolError(f"{name} must be a list of records, or an object of columns.")
    columns = [content.get(column) for column in COLUMNS]
    if all(isinstance(column, str) for column in columns):
        return [_pair(columns, 0, name)]
    premises, hypotheses = columns
    if not isinstance(premises, list) or not isinstance(hypotheses, list):
        raise ProtocolError(f"{name} must have the columns premise and hypothesis, as lists.")
    if len(premises) != len(hypotheses):
        raise ProtocolError(
            f"{name}: {len(premises)} premises but {len(hypotheses)} hypotheses; give as many."
        )
    return [_pair(pair, row, name) for row, pair in enumerate(zip(premises, hypotheses))]


def _pairs(rows: Sequence[Any], columns: Sequence[Any], name: str) -> Pairs:
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise ProtocolError(f"{name} lacks the column {' and '.join(missing)}.")
    premise, hypothesis = (columns.index(column) for column in COLUMNS)
    pairs = []
    for row, cells in enumerate(rows):
        if not isinstance(cells, list) or len(cells) != len(columns):
            raise ProtocolError(f"{name}, row {row}: must have {len(columns)} cells.")
        pairs.append(_pair((cells[premise], cells[hypothesis]), row, name))
    return pairs


def _pair(texts: Sequence[Any], row: int, name: str) -> tuple[str, str]:
    for column, text in zip(COLUMNS, texts):
        if not isinstance(text, str):
            raise ProtocolError(f"{name}, row {row}: {column} is no string.")
    return texts[0], texts[1]


#: The fields of which a body has exactly one.
FORMATS: Mapping[str, Callable[[Any, str], Pairs]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _tensors,
    "inputs": _tensors,
}
