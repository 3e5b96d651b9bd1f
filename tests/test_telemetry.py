"""Nothing here reports to anybody, unless its user says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LOOK = "import nli_lifecycle, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"


@pytest.mark.parametrize(("said", "found"), [(None, "1"), ("0", "0")])
def test_onnx_runtime_reports_nothing_unless_asked_to(said: str | None, found: str) -> None:
    variables = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    if said is not None:
        variables["ORT_DISABLE_TELEMETRY"] = said
    told = subprocess.run(
        [sys.executable, "-c", LOOK], env=variables, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == found
