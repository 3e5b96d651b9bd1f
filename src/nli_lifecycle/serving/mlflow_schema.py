"""The schema of MLflow's scoring protocol, as far as JSON schema can say it."""

from __future__ import annotations

from typing import Any

_TEXTS = {"type": "array", "items": {"type": "string"}}
_RECORD = {
    "type": "object",
    "required": ["premise", "hypothesis"],
    "properties": {"premise": {"type": "string"}, "hypothesis": {"type": "string"}},
}
_RECORDS = {"type": "array", "items": _RECORD, "minItems": 1}
_ROWS = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
    "minItems": 1,
}
_COLUMNS = {
    "type": "object",
    "required": ["premise", "hypothesis"],
    "properties": {"premise": _TEXTS, "hypothesis": _TEXTS},
    "description": "as many premises as hypotheses",
}
_SPLIT = {
    "type": "object",
    "required": ["columns", "data"],
    "properties": {
        "columns": {"type": "array", "description": "among them premise and hypothesis"},
        "index": {"type": ["array", "null"], "description": "ignored"},
        "data": {"type": "array", "items": {"type": "array"}, "description": "cells of each row"},
    },
    "additionalProperties": False,
}

EXAMPLE_JSON = {
    "dataframe_split": {
        "columns": ["premise", "hypothesis"],
        "data": [["A dog runs in the snow.", "An animal is outside."]],
    }
}
EXAMPLE_CSV = "premise,hypothesis\nA dog runs in the snow.,An animal is outside.\n"


def _with(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    others = [other for other in _FIELDS if other != name]
    return {
        "type": "object",
        "required": [name],
        "properties": {name: schema, "params": {"description": "ignored: the model takes none"}},
        "not": {"anyOf": [{"required": [other]} for other in others]},
    }


_FIELDS: dict[str, dict[str, Any]] = {
    "dataframe_split": _SPLIT,
    "dataframe_records": _RECORDS,
    "instances": {"anyOf": [_RECORDS, _ROWS, _COLUMNS]},
    "inputs": {"anyOf": [_RECORDS, _ROWS, _COLUMNS]},
}

#: Of a JSON body: exactly one of the four fields.
SCHEMA: dict[str, Any] = {"oneOf": [_with(name, schema) for name, schema in _FIELDS.items()]}
