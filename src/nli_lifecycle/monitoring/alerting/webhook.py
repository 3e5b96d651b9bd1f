"""Webhook: a message as a POST, tried again with back-off, its secrets never said."""

from __future__ import annotations

import ipaddress
import json
import os
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from pydantic import Field

from nli_lifecycle.monitoring.alerting.messages import Dialect, Message, payload
from nli_lifecycle.monitoring.alerting.record import Record, Severity

EVENT_HEADER = "X-NLI-Event-Id"
LONGEST_PAUSE = 30.0  # seconds, whatever the receiver asks for
_AGAIN = {408, 425, 429}
_VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"


class NotDelivered(RuntimeError):
    """A channel did not take a message; the outbox keeps it.

    Attributes:
        down: whether other messages would fare alike now.
    """

    def __init__(self, why: str, *, down: bool) -> None:
        super().__init__(why)
        self.down = down


class WebhookParameters(Record):
    """A receiver of JSON. Its address and token are secrets: only their variables are named."""

    kind: Literal["webhook"] = "webhook"
    name: str = Field(pattern="^[a-z][a-z0-9_]{0,63}$", description="what the outbox calls it")
    minimum: Severity = Field("warning", description="mildest severity that is told")
    dialect: Dialect = Field("generic", description="whose message format")
    url_from: str = Field(pattern=_VARIABLE, description="environment variable with the address")
    token_from: str | None = Field(
        None, pattern=_VARIABLE, description="environment variable with a bearer token; null: none"
    )
    allow_http: bool = Field(False, description="unencrypted to other machines, too")
    timeout_s: float = Field(10, gt=0, le=120, description="of connecting, and of each answer")
    attempts: int = Field(3, ge=1, le=10, description="in one run")
    backoff_s: float = Field(1, ge=0, le=60, description="before the second; then doubled")


class _NoRedirect(HTTPRedirectHandler):
    """The token is for the address it was given with."""

    def redirect_request(self, *_: object) -> None:
        return None


class Webhook:
    """Sends messages to one receiver."""

    def __init__(
        self,
        parameters: WebhookParameters,
        environ: Mapping[str, str] = os.environ,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._parameters, self._environ, self._sleep = parameters, environ, sleep

    def send(self, message: Message) -> None:
        """Deliver, as often as the parameters allow to try.

        A receiver may get the same message again, where its answer was lost: the event's id is in
        the payload and in the header ``X-NLI-Event-Id``.

        Raises:
            NotDelivered: it did not take it; neither address nor token are in the text.
        """
        request, local = self._request(message)
        pause = self._parameters.backoff_s
        why = ""
        for attempt in range(self._parameters.attempts):
            if attempt:
                self._sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            status, why, asked = self._post(request, local)
            if 200 <= status < 300:
                return
            if status and status < 500 and status not in _AGAIN:
                raise NotDelivered(self._without_secrets(why), down=300 <= status < 400)
            pause = max(pause, min(asked, LONGEST_PAUSE))
        tried = f" ({self._parameters.attempts} attempts)"
        raise NotDelivered(self._without_secrets(why + tried), down=True)

    def _request(self, message: Message) -> tuple[Request, bool]:
        """The request, and whether it stays on this machine."""
        parameters = self._parameters
        url = self._secret(parameters.url_from)
        host, scheme = _parts(url)
        local = _is_local(host)
        if not host or scheme not in ("http", "https"):
            self._refuse(f"{parameters.url_from} holds no address like https://host/path")
        if scheme == "http" and not (local or parameters.allow_http):
            self._refuse(
                f"the address in {parameters.url_from} is not encrypted: use https, or set "
                "allow_http"
            )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "nli-lifecycle",
            EVENT_HEADER: message.id,
        }
        if parameters.token_from:
            headers["Authorization"] = f"Bearer {self._secret(parameters.token_from)}"
        body = json.dumps(payload(message, parameters.dialect)).encode()
        return Request(url, data=body, headers=headers, method="POST"), local

    def _secret(self, variable: str) -> str:
        value = self._environ.get(variable, "").strip()
        if not value:
            self._refuse(f"the environment variable {variable} is not set")
        if not (value.isascii() and value.isprintable()) or " " in value:
            self._refuse(f"{variable} holds characters that do not belong there")
        return value

    def _refuse(self, why: str) -> None:
        raise NotDelivered(f"webhook {self._parameters.name}: {why}.", down=True)

    def _post(self, request: Request, local: bool) -> tuple[int, str, float]:
        """Status (0: no answer), what went wrong, seconds that the receiver asks to wait."""
        opener = build_opener(_NoRedirect, *([ProxyHandler({})] if local else []))
        name, variable = self._parameters.name, self._parameters.url_from
        try:
            with opener.open(request, timeout=self._parameters.timeout_s) as answer:
                return int(answer.status), "", 0.0
        except HTTPError as error:
            error.close()
            if 300 <= error.code < 400:
                why = f"is redirected ({error.code}), which is refused: set {variable} to the end"
            else:
                why = f"answers {error.code}"
            return error.code, f"webhook {name} {why}.", _seconds(error.headers.get("Retry-After"))
        except (URLError, OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            said = f"{type(cause).__name__}: {cause}" if isinstance(cause, Exception) else cause
            return 0, f"webhook {name} (address in {variable}) cannot be reached: {said}.", 0.0

    def _without_secrets(self, text: str) -> str:
        for variable in (self._parameters.url_from, self._parameters.token_from):
            value = self._environ.get(variable, "").strip() if variable else ""
            parts = (value, urlsplit(value).path) if "://" in value else (value,)
            for part in parts:
                if len(part) > 1:
                    text = text.replace(part, "***")
        return text


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        _ = parts.port  # not a number, or out of range: ValueError
    except ValueError:
        return "", ""
    return ("" if parts.username else parts.hostname or ""), parts.scheme


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(asked: str | None) -> float:
    return float(asked) if asked and asked.isdecimal() else 0.0
