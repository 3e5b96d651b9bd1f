"""Who may ask for what: by path, so that a new endpoint is closed unless it is named as open."""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from typing import Any

from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.security.tokens import Role, Tokens, TokensError, Verdict

#: Paths that anybody may ask for; so may they for the page's files.
OPEN = frozenset(
    {
        "/", "/ping", "/health", "/version", "/ready", "/metrics", "/status", "/lifecycle",
        "/monitoring", "/monitoring/report", "/docs", "/openapi.json", "/favicon.ico",
    }
)  # fmt: skip
OPEN_FOLDERS = ("/page/",)
ADMIN_FOLDER = "/admin/"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Guard:
    """Checks a request's bearer token."""

    def __init__(self, tokens: Tokens, host: str) -> None:
        """Settle who may ask.

        Args:
            tokens: those accepted.
            host: the address to be listened on.

        Raises:
            TokensError: other machines could ask, and no token is set for predicting.
        """
        if not _loopback(host) and "predict" not in tokens.roles:
            raise TokensError(
                f"The service would listen on {host} for everybody, as no token is set for "
                "predicting. Set one (security.predict_token_env or security.token_file), or "
                "listen on 127.0.0.1."
            )
        self._tokens = tokens
        self._needed = bool(tokens.roles)

    def check(self, scope: MutableMapping[str, Any]) -> None:
        """Let a request pass, or say why not.

        Raises:
            Problem: 401 without a valid token, 403 with one that is for something else.
        """
        path = scope["path"]
        if path in OPEN or path.startswith(OPEN_FOLDERS):
            return
        if not self._needed:
            # A file that got its first tokens later closes the door for good.
            self._needed = bool(self._tokens.roles)
            if not self._needed:
                return
        role: Role = "admin" if path.startswith(ADMIN_FOLDER) else "predict"
        given = _bearer(scope)
        if given is None:
            raise Problem(401, "A token is needed: Authorization: Bearer <token>.", _CHALLENGE)
        verdict = self._tokens.judge(role, given)
        if verdict is Verdict.VALID:
            return
        if verdict is Verdict.EXPIRED:
            raise Problem(401, "The token has expired; ask for a new one.", _CHALLENGE)
        other: Role = "predict" if role == "admin" else "admin"
        if self._tokens.judge(other, given) is Verdict.VALID:
            raise Problem(403, f"The token is not one for {role}; it is for {other}.")
        raise Problem(401, "The token is not one that is accepted.", _CHALLENGE)


def _bearer(scope: MutableMapping[str, Any]) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.partition(b" ")
            if kind.lower() == b"bearer" and token.strip():
                return str(token.strip().decode("utf-8", "surrogateescape"))
    return None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
