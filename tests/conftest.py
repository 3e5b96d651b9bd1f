"""Shared fixtures: no network, no telemetry, real data only where it was given."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before any library reads them: tests must not reach for a network or for all cores at once.
os.environ.update({"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"})
os.environ.pop("MLFLOW_TRACKING_URI", None)
os.environ.pop("MLFLOW_REGISTRY_URI", None)

# Plugins of some tests that others import first: their asserts are to be explained, too.
pytest.register_assert_rewrite("servers", "spark_servers", "wheel_task")

# The same examples each time, however busy the machine is: what passed once passes again.
# `pytest --hypothesis-profile=default` looks for new ones.
settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of published NLI data, named by the environment variable NLI_REAL_DATA."""
    folder = os.environ.get("NLI_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs published NLI data: set NLI_REAL_DATA to its folder")
    return Path(folder)


#: Where processes that tests start look for packages; Kedro's bootstrap_project adds `src` to it.
_PYTHONPATH = os.environ.get("PYTHONPATH")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """What Kedro and kedro-mlflow leave in the process, for whoever comes next, is taken back."""
    yield
    if _PYTHONPATH is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = _PYTHONPATH
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
    if fluent := sys.modules.get("mlflow.tracking.fluent"):
        fluent._active_experiment_id = None  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is at work in these tests: an alias that is wrong now stays wrong."""
    monkeypatch.setattr("nli_lifecycle.lifecycle.settling.PATIENCE", 0.0)
