"""Rounds of monitoring in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from monitoring_run import MonitoringRun, evidence, known


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MonitoringRun:
    """A round over a log that is not there yet; the release's evidence is known."""
    known(monkeypatch, evidence())
    return MonitoringRun(tmp_path)
