"""Nothing here reports to anybody, unless its user says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

#: Set by pytest, by runners of tests, or by our Makefile: with these, MLflow is silent anyway.
SILENCING = ("PYTEST_", "CI", "GITHUB_", "DO_NOT_TRACK", "MLFLOW_", "ORT_")


def told(look: str, **said: str) -> str:
    """What a process prints that imports us first, as `kedro` does, and knows nothing of tests."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(SILENCING)}
    done = subprocess.run(
        [sys.executable, "-c", f"import nli_lifecycle, os; {look}"],
        env={**variables, **said},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [("ORT_DISABLE_TELEMETRY", "1", "0"), ("MLFLOW_DISABLE_TELEMETRY", "true", "false")],
)
def test_libraries_report_nothing_unless_asked_to(name: str, value: str, other: str) -> None:
    look = f"print(os.environ['{name}'])"
    assert told(look) == value
    assert told(look, **{name: other}) == other


def test_mlflow_has_nobody_who_could_report() -> None:
    look = "import mlflow.telemetry as telemetry; print(telemetry.get_telemetry_client())"
    assert told(look) == "None"
