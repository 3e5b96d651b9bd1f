"""`nli-serve` in a process of its own, and a client that knows only HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(command: Sequence[str], folder: Path, **variables: str) -> Iterator[str]:
    """Run it in a folder, ended by SIGTERM, which must end it well; gives its address."""
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=folder, env=variables or None
    ) as process:
        try:
            yield _address(process)
        finally:
            process.send_signal(signal.SIGTERM)
            _, rest = process.communicate(timeout=60)
        assert process.returncode == 0, rest


def answer(address: str) -> tuple[str | None, int]:
    """Version that answers to a pair, and the HTTP status."""
    pair = {"premise": "the dog runs outside", "hypothesis": "no dog runs"}
    request = urllib.request.Request(
        f"{address}/predict", json.dumps(pair).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.headers["X-Model-Version"], response.status
    except urllib.error.HTTPError as error:
        return None, error.code


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = []
    for line in iter(process.stderr.readline, ""):
        said.append(line)
        if found := re.search(r"is served at (http://\S+)", line):
            return found[1]
    raise AssertionError("".join(said))
