"""Bearer tokens: where they come from, and whether one that was given is among them.

The file, read again whenever it changes:

    predict:
      - "first token"
      - {token: "the one before", until: 2026-12-31T00:00:00Z}   # refused from then on
    admin:
      - "another token"
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from nli_lifecycle.serving.settings import SecuritySettings

Role = Literal["predict", "admin"]

_logger = logging.getLogger(__name__)

Secret = Annotated[str, Field(min_length=16)]


class Verdict(Enum):
    """What a token is good for."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class TokensError(ValueError):
    """The tokens cannot be read; the message never quotes one."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    token: Secret
    until: AwareDatetime | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    predict: tuple[_Entry | Secret, ...] = ()
    admin: tuple[_Entry | Secret, ...] = ()


class Tokens:
    """The tokens that are accepted at the moment."""

    def __init__(
        self, settings: SecuritySettings, environment: Mapping[str, str] = os.environ
    ) -> None:
        """Read the tokens.

        Raises:
            TokensError: the file is missing or says what it may not, or a variable is too short.
        """
        self._path = Path(settings.token_file) if settings.token_file else None
        self._changed: tuple[int, int, int] | None = None
        if self._path is None:
            self._accepted = _of_environment(settings, environment)
        else:
            self._changed = self._stamp()
            self._accepted = _of_file(self._path)

    @property
    def roles(self) -> frozenset[Role]:
        """Those for which there are tokens at all, expired ones included."""
        self._reread()
        return frozenset(role for role, entries in self._accepted.items() if entries)

    def judge(self, role: Role, given: str) -> Verdict:
        """Compare a token with every accepted one, in a time that tells nothing about them."""
        self._reread()
        digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
        found = Verdict.UNKNOWN
        for entry in self._accepted[role]:
            own = hashlib.sha256(entry.token.encode()).digest()
            if hmac.compare_digest(own, digest):
                expired = entry.until is not None and entry.until <= datetime.now(timezone.utc)
                if found is not Verdict.VALID:
                    found = Verdict.EXPIRED if expired else Verdict.VALID
        return found

    def _stamp(self) -> tuple[int, int, int]:
        assert self._path is not None
        try:
            stat = self._path.stat()  # follows links: Kubernetes turns one over to a new secret
        except OSError as error:
            raise TokensError(f"{self._path} cannot be read: {error.strerror}.") from None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _reread(self) -> None:
        """Take in a changed file; one that is broken changes nothing, and is complained of once."""
        if self._path is None:
            return
        try:
            stamp = self._stamp()
            if stamp == self._changed:
                return
            self._changed = stamp
            self._accepted = _of_file(self._path)
        except TokensError as error:
            if self._changed is not None:
                _logger.error("Tokens stay as they were: %s", error)
            self._changed = None


def _of_environment(
    settings: SecuritySettings, environment: Mapping[str, str]
) -> dict[Role, tuple[_Entry, ...]]:
    names: dict[Role, str] = {
        "predict": settings.predict_token_env,
        "admin": settings.admin_token_env,
    }
    accepted: dict[Role, tuple[_Entry, ...]] = {}
    for role, name in names.items():
        value = environment.get(name, "")
        try:
            accepted[role] = (_Entry(token=value),) if value else ()
        except ValidationError:
            raise TokensError(f"${name} is no token: 16 characters are the least.") from None
    return accepted


def _of_file(path: Path) -> dict[Role, tuple[_Entry, ...]]:
    try:
        read = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise TokensError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise TokensError(f"{path} is no YAML.") from None
    except ValidationError as error:
        # What the file says is secret, its unknown names included.
        first = error.errors(include_input=False, include_url=False)[0]
        known = {"predict", "admin", "token", "until"}
        where = ".".join(str(p) for p in first["loc"] if isinstance(p, int) or p in known)
        raise TokensError(f"{path}: {where or 'the file'}: {first['msg']}.") from None
    return {"predict": _entries(read.predict), "admin": _entries(read.admin)}


def _entries(written: tuple[_Entry | str, ...]) -> tuple[_Entry, ...]:
    return tuple(e if isinstance(e, _Entry) else _Entry(token=e) for e in written)
