"""How endpoints that read their bodies themselves are described in the API's description."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter

from nli_lifecycle.serving.problems import ErrorAnswer

_MEANINGS = {
    400: "The body cannot be parsed.",
    401: "No valid token was given.",
    403: "The token is for something else.",
    404: "There is nothing of that name.",
    408: "The body arrived too slowly.",
    413: "The body is too large.",
    415: "The body is of another content type.",
    422: "The body is not what the schema says, or asks for more than is allowed.",
    429: "The queue is full.",
    500: "The service failed.",
    503: "There is no model, no room or no time for an answer at the moment.",
}
READING = (400, 401, 403, 408, 413, 415, 422, 500)
PREDICTING = (*READING, 429, 503)
_RETRY = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
_MODEL = {
    "X-Model-Version": {"description": "version that answered", "schema": {"type": "string"}},
    "X-Model-Digest": {"description": "its digest's first digits", "schema": {"type": "string"}},
    "X-Epoch": {"description": "the ledger's epoch", "schema": {"type": "integer"}},
}
_BEARER: list[dict[str, list[str]]] = [{"bearer": []}]

#: Where the description keeps schemas.
REFERENCE = "#/components/schemas/{model}"


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers that say why a request was not answered."""
    return {
        status: {
            "model": ErrorAnswer,
            "description": _MEANINGS[status],
            **({"headers": _RETRY} if status in (429, 503) else {}),
        }
        for status in statuses
    }


def predicting(answer: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The answers of an endpoint that predicts."""
    return {
        200: {"model": answer, "description": "The predictions.", "headers": _MODEL},
        **refusals(*PREDICTING),
    }


def body(schema: dict[str, Any], example: Any, kind: str = "application/json") -> dict[str, Any]:
    """An endpoint's body, of one content type, and that it needs a token."""
    return {
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": schema, "examples": {"example": {"value": example}}}},
        },
        "security": _BEARER,
    }


def schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """The schema of a body, whole, without references to elsewhere."""
    schema = adapter.json_schema()
    definitions = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inline(schema, definitions)
    return inlined


def _inline(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inline(entry, definitions) for entry in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inline(definitions[part["$ref"].rpartition("/")[2]], definitions)
    return {name: _inline(entry, definitions) for name, entry in part.items()}
