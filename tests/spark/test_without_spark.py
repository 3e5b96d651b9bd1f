"""Engine pandas has nothing to do with Spark: no Java is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import PROJECT
from spark_servers import spark_home
from test_train_and_release import write_pairs

pytestmark = pytest.mark.slow

COMMAND = ["run", "--env", "staging", "--pipelines", "data_engineering", "--params"]


def _run(home: Path, engine: str) -> tuple[int, Path]:
    """Run with a Java that only says that it was started; returns exit status and what it says."""
    started = home / "started"
    java = home / "bin/java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n/bin/date > {started}\nexit 1\n")
    java.chmod(0o755)
    pairs = write_pairs(home / "pairs.tsv", 300, seed=1)
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SPARK_")}
    environment |= {"NLI_HOME": str(home), "PATH": f"{java.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "kedro",
            *COMMAND,
            f"engine={engine},source=tsv,source_path={pairs}",
        ],
        cwd=PROJECT,
        env=environment | {"JAVA_HOME": ""},
        capture_output=True,
        timeout=300,
    )
    return done.returncode, started


def test_pandas_starts_no_java(tmp_path: Path) -> None:
    status, started = _run(tmp_path, "pandas")
    assert status == 0 and not started.exists()


def test_spark_would(tmp_path: Path) -> None:
    spark_home()
    status, started = _run(tmp_path, "spark")
    assert status != 0 and started.exists()
