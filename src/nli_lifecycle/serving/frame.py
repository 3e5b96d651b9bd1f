"""The outermost layer: names each request, checks who asks, and lets no error out unframed."""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping, Sequence
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.security.guard import Guard
from nli_lifecycle.serving.security.headers import SECURE_HEADERS
from nli_lifecycle.serving.telemetry.meter import Meter

_logger = logging.getLogger(__name__)

CALLER_GONE = 499  # a status for the counters only
Headers = Sequence[tuple[bytes, bytes]]


class Frame:
    """Pure ASGI: a middleware class of Starlette's would cost as much as the rest of the way."""

    def __init__(self, app: ASGIApp, guard: Guard, meter: Meter) -> None:
        self._app = app
        self._guard = guard
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything that is no request is passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange.begin(scope)

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                _add_headers(message, exchange.headers(), SECURE_HEADERS)
            await send(message)

        try:
            self._guard.check(scope)
            await self._app(scope, receive, send_framed)
        except ClientDisconnect:
            exchange.status = CALLER_GONE
        except Exception as error:
            problem = error if isinstance(error, Problem) else _defect(error, exchange)
            if exchange.status:
                raise RuntimeError("An answer broke off after it had begun.") from None
            await problem.response(exchange.request_id)(scope, receive, send_framed)
        finally:
            self._meter.answered(scope["path"], exchange)


def _add_headers(message: MutableMapping[str, Any], always: Headers, unless_set: Headers) -> None:
    headers = list(message.get("headers", ()))
    present = {name for name, _ in headers}
    headers += always
    headers += [header for header in unless_set if header[0] not in present]
    message["headers"] = headers


def _defect(error: Exception, exchange: Exchange) -> Problem:
    """Log where it happened; an exception's own words may quote a text, so they are left out."""
    places = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("Request %s failed: %s\n%s", exchange.request_id, type(error).__name__, places)
    return Problem(500, "The service failed on this request; its log says where.")
