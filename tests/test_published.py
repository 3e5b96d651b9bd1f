"""What the README promises, on the real encoder: minutes each, so they are slow tests."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from project import PROJECT

pytestmark = pytest.mark.slow


def kedro_run(home: Path, *options: str) -> dict[str, Any]:
    kedro = str(Path(sys.executable).with_name("kedro"))
    done = subprocess.run(
        [kedro, "run", *options],
        cwd=PROJECT,
        env={**os.environ, "NLI_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=1_800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    environment = options[options.index("--env") + 1] if "--env" in options else "dev"
    summary = home / "data" / environment / "08_reporting" / "summary.json"
    figures: dict[str, Any] = json.loads(summary.read_text())
    return figures


def test_sample_reaches_its_figures_and_passes_on_to_staging_and_prod(tmp_path: Path) -> None:
    dev = kedro_run(tmp_path)
    assert (dev["rows_read"], dev["rows_quarantined"]) == (8_000, 0)
    assert dev["macro_f1"] >= 0.85
    assert dev["hypothesis_only_accuracy"] <= 1 / 3 + 0.10
    assert dev["decision"] == "promote"
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak * (1 if sys.platform == "darwin" else 1024) <= 4 * 1024**3
    outside = (
        sum(dev["seconds"].values()) - dev["seconds"]["training"] - dev["seconds"]["evaluation"]
    )
    assert outside <= 45

    again = kedro_run(tmp_path)
    assert (again["decision"], again["digest"]) == ("unchanged", dev["digest"])
    assert again["seconds"]["training"] < 5

    staging = kedro_run(tmp_path, "--env", "staging")
    assert staging["digest"] == dev["digest"] and staging["model"] == "staging.nli.classifier"
    assert staging["rows_kept"] == 8_000
    if staging["decision"] == "promote":
        prod = kedro_run(tmp_path, "--env", "prod")
        assert prod["digest"] == dev["digest"] and prod["decision"] != "promote"  # a person decides


def test_sick_reaches_its_published_figures(real_data: Path, tmp_path: Path) -> None:
    sick = kedro_run(tmp_path, "--params", f"source=sick,source_path={real_data}/sick/SICK.txt.gz")
    assert sick["rows_read"] == 9_840
    assert sick["rows_kept"] + sick["rows_quarantined"] == 9_840
    assert sick["accuracy"] >= 0.855
    assert sick["macro_f1"] >= 0.845
    assert sick["decision"] == "promote"
