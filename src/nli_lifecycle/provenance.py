"""Where a run's code and settings came from: git, source text, library versions, config."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nli_lifecycle

PACKAGE = Path(nli_lifecycle.__file__).parent
#: Libraries whose version may change what training and export produce.
LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "onnx", "onnxruntime", "onnxscript")


def sha256_json(value: Any) -> str:
    """Hash a JSON-able value independently of key order."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def code_version(parts: Iterable[str] = ("nli", "pyfunc")) -> str:
    """Hash the source text that makes a model: a commit to the documentation changes nothing.

    Args:
        parts: folders of this package whose ``.py`` files count.
    """
    digest = hashlib.sha256()
    for part in sorted(parts):
        for file in sorted((PACKAGE / part).rglob("*.py")):
            digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def code_archive() -> bytes:
    """Pack this package's code into a zip that Python can import, the same bytes each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(PACKAGE.rglob("*.py")):
            name = file.relative_to(PACKAGE.parent).as_posix()
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())
    return packed.getvalue()


def library_versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Versions of the installed libraries, 'absent' where one is not installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def git_state(folder: Path) -> dict[str, str]:
    """Commit and dirty flag of a checkout.

    Returns:
        ``{"git_sha": …, "git_dirty": "true" | "false"}``; empty outside a git checkout.
    """

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
        if done.returncode:
            raise OSError(done.stderr)
        return done.stdout.strip()

    try:
        dirty = "true" if git("status", "--porcelain") else "false"
        return {"git_sha": git("rev-parse", "HEAD"), "git_dirty": dirty}
    except (OSError, subprocess.SubprocessError):
        return {}
