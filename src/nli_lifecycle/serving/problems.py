"""What is answered when something is wrong: the same three fields, never the caller's text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

#: Codes as MLflow's servers name them where they have a name.
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    413: "REQUEST_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "INVALID_PARAMETER_VALUE",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


class ErrorAnswer(BaseModel):
    """What went wrong."""

    error_code: str
    message: str
    request_id: str


class Problem(Exception):
    """A request that is not answered as asked.

    Attributes:
        status: HTTP status, one of ``CODES``.
        headers: to be sent along, such as Retry-After.
        details: further fields of the answer's body.
    """

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.details = dict(details or {})

    def response(self, request_id: str) -> Response:
        """The answer that says so."""
        content = {
            "error_code": CODES[self.status],
            "message": str(self),
            "request_id": request_id,
            **self.details,
        }
        return Response(
            orjson.dumps(content),
            self.status,
            {**self.headers, "Cache-Control": "no-store"},
            "application/json",
        )


def unavailable(message: str, retry_after_s: float) -> Problem:
    """A 503 that says when to come back."""
    return Problem(503, message, {"Retry-After": f"{max(1, round(retry_after_s))}"})


def invalid(error: ValidationError, known: frozenset[str]) -> Problem:
    """Say what is wrong with a body, and where, without anything that the caller wrote.

    Args:
        error: what pydantic says.
        known: the names that the models have; only these are repeated, since a caller may write
            anything into a name too.
    """
    errors = error.errors(include_url=False, include_context=True, include_input=False)
    first = errors[0]
    if first["type"] == "json_invalid":
        return Problem(400, f"The body is no valid JSON: {_context(first, 'error')}.")
    where = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in known)
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    if first["type"] == "extra_forbidden":
        return Problem(422, f"{where or 'The body'} has a field that is not known{more}.")
    return Problem(422, f"{where or 'The body'}: {first['msg']}{more}.")


def _context(error: Any, name: str) -> str:
    return str(error.get("ctx", {}).get(name, "it cannot be parsed"))
