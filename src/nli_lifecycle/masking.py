"""Keep secrets out of tags, parameters and logs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MASK = "***"
_SECRET = (
    "(?:password|passwd|passphrase|token(?![a-z])|secret|credential|authorization"
    "|(?:api|access|private)_?key)"
)
_SECRET_NAME = re.compile(f"(?i){_SECRET}")
_ASSIGNMENT = re.compile(rf"(?i)\b([\w.\-]*{_SECRET}[\w.\-]*)(\s*[=:]\s*|\s+)([^\s,&]+)")
_URL_LOGIN = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")


def mask_text(text: str) -> str:
    """Blank the value in every ``name=value`` whose name says secret, and logins in addresses."""
    return _URL_LOGIN.sub(MASK, _ASSIGNMENT.sub(rf"\1\2{MASK}", text))


def mask_values(value: Any, name: str = "") -> Any:
    """Copy nested maps and lists with the secret values blanked.

    Args:
        value: anything; maps and lists are walked, strings also cleaned of logins in addresses.
        name: the key under which ``value`` stands.
    """
    if name and _SECRET_NAME.search(name) and value is not None:
        return MASK
    if isinstance(value, Mapping):
        return {key: mask_values(item, str(key)) for key, item in value.items()}
    if isinstance(value, str):
        return _URL_LOGIN.sub(MASK, value)
    if isinstance(value, Sequence):
        return [mask_values(item) for item in value]
    return value


def command_line(arguments: Sequence[str]) -> str:
    """Join a command's arguments as typed, program path shortened and secrets blanked."""
    program, *rest = arguments or ["kedro"]
    return mask_text(" ".join([program.rsplit("/", 1)[-1], *rest]))
