"""Reading a request's body: no larger, and no slower, than the settings allow."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import LimitSettings

#: What is left of such a body is never read, so the connection cannot go on.
_CLOSE = {"Connection": "close"}


async def read_body(request: Request, limits: LimitSettings) -> bytes:
    """Read a body while it streams in.

    Raises:
        Problem: 413 when it is too large, 408 when it is too slow.
        ClientDisconnect: the caller has gone.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limits.max_body_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.slow_client_s):
            return await _read(request, limits)
    except TimeoutError:
        message = f"The body had not arrived after {limits.slow_client_s:g} s."
        raise Problem(408, message, _CLOSE) from None


def check_json(request: Request) -> None:
    """Refuse a body that says it is something else than JSON in UTF-8.

    Raises:
        Problem: 415.
    """
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":
        raise Problem(415, "The body must be JSON: Content-Type: application/json.")
    check_utf8(parameters)


def check_utf8(parameters: str) -> None:
    """Refuse a charset other than UTF-8, and parameters that are not known.

    Args:
        parameters: of a content type, what follows its first semicolon.

    Raises:
        Problem: 415.
    """
    for parameter in filter(None, map(str.strip, parameters.lower().split(";"))):
        name, _, value = parameter.partition("=")
        if name.strip() != "charset" or value.strip().strip('"') not in ("utf-8", "utf8"):
            raise Problem(415, "Only charset=utf-8 may be said of a content type.")


async def _read(request: Request, limits: LimitSettings) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect()
        part = message.get("body", b"")
        size += len(part)
        if size > limits.max_body_bytes:
            raise _too_large(limits)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limits: LimitSettings) -> Problem:
    return Problem(413, f"The body has more than {limits.max_body_bytes:,} bytes.", _CLOSE)
