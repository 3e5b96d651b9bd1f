"""`kedro run` as a user types it, when something is wrong: one message, exit code 1, no residue."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from project import PROJECT

#: Root may write anywhere; without this capability it is refused like any other user.
ORDINARY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def kedro_run(
    home: Path,
    *options: str,
    prefix: list[str] | None = None,
    limit: Callable[[], None] | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    kedro = str(Path(sys.executable).with_name("kedro"))
    return subprocess.run(
        [*(prefix or []), kedro, "run", *options],
        cwd=PROJECT,
        env={**os.environ, "NLI_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=180,
        preexec_fn=limit,
    )


def refused(done: subprocess.CompletedProcess[str], *expected: str) -> None:
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1, said
    assert "Traceback" not in said, said
    for words in expected:
        assert words in said, said


def versions(home: Path) -> int:
    store = home / "mlruns" / "mlflow.db"
    if not store.exists():
        return 0
    with sqlite3.connect(store) as connection:
        return int(connection.execute("select count(*) from model_versions").fetchone()[0])


def write_pairs(folder: Path, rows: int) -> Path:
    labels = ("entailment", "neutral", "contradiction")
    lines = [f"A man has {i} dogs.\tHe has {i} pets.\t{labels[i % 3]}" for i in range(rows)]
    file = folder / "pairs.tsv"
    file.write_text("premise\thypothesis\tlabel\n" + "\n".join(lines) + "\n")
    return file


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all runs that fail early: making it anew takes seconds each time."""
    return tmp_path_factory.mktemp("home")


def test_unknown_environment(tmp_path: Path) -> None:
    done = kedro_run(tmp_path, "--env", "production")
    refused(done, "Unknown environment 'production'", "dev, prod, staging")
    assert not list(tmp_path.iterdir())


def test_parameter_with_a_typo_and_one_of_a_wrong_type(home: Path) -> None:
    done = kedro_run(home, "--params", "training.epohcs=1,training.batch_size=many")
    refused(done, "training", "epohcs", "batch_size", "many")
    assert versions(home) == 0


def test_missing_source_file(home: Path) -> None:
    done = kedro_run(home, "--params", f"source=sick,source_path={home}/SICK.txt")
    refused(done, f"{home}/SICK.txt")
    assert versions(home) == 0


def test_unreachable_mlflow_server_is_said_within_seconds(tmp_path: Path) -> None:
    started = time.monotonic()
    done = kedro_run(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert time.monotonic() - started < 60
    refused(done, "MLflow server cannot be reached", "MLFLOW_TRACKING_URI", "127.0.0.1")


def test_encoder_that_is_not_the_pinned_one(home: Path) -> None:
    source = f"source=tsv,source_path={write_pairs(home, 90)}"
    done = kedro_run(home, "--params", f"{source},training.encoder_sha256={'f' * 64}")
    refused(done, "f" * 64, "53aa51172d142c89")
    assert versions(home) == 0


@pytest.mark.slow
def test_full_disk_during_the_run(tmp_path: Path) -> None:
    source = write_pairs(tmp_path, 60_000)

    def limit() -> None:  # every file may grow to 1 MB: the store fits, the landed pairs do not
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = kedro_run(
        tmp_path,
        *("--pipelines", "data_engineering", "--params", f"source=tsv,source_path={source}"),
        limit=limit,
    )
    refused(done, "The disk is full", "run the same command again")
    assert versions(tmp_path) == 0


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root needs setpriv for this"
)
def test_no_write_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        done = kedro_run(tmp_path, prefix=ORDINARY if os.geteuid() == 0 else None)
    finally:
        tmp_path.chmod(0o755)
    refused(done, "No permission for", str(tmp_path), "NLI_HOME")


def test_spark_without_java_is_one_message(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    options = ["--pipelines", "data_engineering", "--params", "engine=spark"]
    done = kedro_run(tmp_path, *options, PATH="/nowhere", JAVA_HOME="")
    refused(done, "engine: spark needs Java 17", "apt install", "SPARK_REMOTE", "engine: pandas")


def test_the_installed_command_takes_kedro_runs_options(tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("nli-lifecycle"))
    done = subprocess.run(
        [command, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "--env" in done.stdout and "--pipelines" in done.stdout
