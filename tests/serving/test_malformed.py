"""Thousands of requests that schemathesis makes up from the API's description.

It cannot live in our environment (it needs a newer pytest), so its program is named:

    python -m venv st && st/bin/pip install schemathesis
    NLI_SCHEMATHESIS=st/bin/st pytest -m slow tests/serving/test_malformed.py

NLI_SCHEMATHESIS_EXAMPLES sets the examples per endpoint and phase. The default of 20 makes about
700 requests in less than a minute, 1900 about 10,000 in a quarter of an hour on a busy machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_service import Client

HERE = Path(__file__).parent
TOKEN = "a token for predicting"

CONFIG = """
# Whether rows fit their columns, and whether a document is read in few enough windows, is more than
# JSON schema can say.
[[operations]]
include-path = "/invocations"
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false
"""


@pytest.fixture
def port(tiny_payload: Path) -> Iterator[int]:
    """Port of a service in a process of its own."""
    path = os.pathsep.join([str(HERE), *sys.path])
    process = subprocess.Popen(
        [sys.executable, str(HERE / "serve_tiny.py"), str(tiny_payload), TOKEN],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(timeout=60) in (0, -15)


@pytest.mark.slow
def test_no_made_up_request_breaks_the_service(port: int, tmp_path: Path) -> None:
    """Every answer is one that the description announces, and none is a failure of ours."""
    program = shutil.which(os.environ.get("NLI_SCHEMATHESIS", ""))
    if program is None:
        pytest.skip("needs schemathesis: set NLI_SCHEMATHESIS to its program st")
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    command = [program, "run", f"http://127.0.0.1:{port}/openapi.json", "--seed", "1"]
    command += ["--header", f"Authorization: Bearer {TOKEN}", "--no-color", "--workers", "1"]
    command += ["--max-examples", os.environ.get("NLI_SCHEMATHESIS_EXAMPLES", "20")]
    command += ["--generation-database", "none", "--continue-on-failure"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert Client(port).get("/ready").status == 200
