"""The key of the hashes: without it, nobody can find a text's hash by guessing the text."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "NLI_LOG_KEY"
_BYTES = 32


class KeyUnusable(RuntimeError):
    """The key cannot be read or made, or others may read it."""


def read_key(folder: Path, environment: Mapping[str, str] = os.environ) -> bytes:
    """Take the key from the environment, else from ``folder``, where it is made when missing.

    Processes that share a database need the same key for equal pairs to have equal hashes: give
    it by ``NLI_LOG_KEY`` where they do not share a folder.

    Args:
        folder: where journals lie; created.
        environment: variables of the process.

    Returns:
        32 bytes.

    Raises:
        KeyUnusable: the file's mode lets others read it, or it holds something else.
        OSError: the folder cannot be written.
    """
    if given := environment.get(VARIABLE):
        return hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
    file = folder / "key"
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        _make(file)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise KeyUnusable(f"{file} may be read by others than its owner: chmod 600 it.")
    key = file.read_bytes()
    if len(key) != _BYTES:
        raise KeyUnusable(
            f"{file} holds {len(key)} bytes, not {_BYTES}. Delete it to begin with a new key: "
            "pairs then get other hashes than before."
        )
    return key


def _make(file: Path) -> None:
    """Write a random key; of processes that start together, the first one's counts."""
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".key-")  # mode 0600
    try:
        with open(handle, "wb") as stream:
            stream.write(secrets.token_bytes(_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(unfinished, file)
        except FileExistsError:
            pass
    finally:
        os.unlink(unfinished)
