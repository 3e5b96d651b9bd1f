"""`kedro run … --params engine=spark` on each kind of Spark gives what the pandas engine gives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from data_run import ORDERED, UNORDERED
from project import PROJECT
from servers import free_port
from spark_servers import spark_home

from nli_lifecycle.datasets.table import TableDataset

pytest_plugins = ["spark_servers"]
pytestmark = pytest.mark.slow

COMMAND = ["run", "--env", "staging", "--pipelines", "data_engineering"]
RunIn = Callable[..., Path]


@pytest.fixture(scope="module")
def run_in(tmp_path_factory: pytest.TempPathFactory) -> RunIn:
    """Run the documented command in a home of its own; returns what it published."""

    def _run(*arguments: str, **environment: str) -> Path:
        home = tmp_path_factory.mktemp("home")
        done = subprocess.run(
            [sys.executable, "-m", "kedro", *COMMAND, *arguments],
            cwd=PROJECT,
            env=os.environ | {"NLI_HOME": str(home), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return home / "data/staging/03_primary"

    return _run


@pytest.fixture(scope="module")
def by_pandas(run_in: RunIn) -> Path:
    return run_in()


def _same(left: Path, right: Path) -> None:
    assert (left / "data_version.txt").read_text() == (right / "data_version.txt").read_text()
    for name in [*ORDERED, *UNORDERED]:
        frames = [TableDataset(filepath=str(folder / name)).load() for folder in (left, right)]
        if name in UNORDERED:
            columns = list(frames[0].columns[:2])
            frames = [frame.sort_values(columns).reset_index(drop=True) for frame in frames]
        pd.testing.assert_frame_equal(*frames)
    assert len(TableDataset(filepath=str(left / "test_pairs")).load()) == 8_000


def test_local(run_in: RunIn, by_pandas: Path) -> None:
    spark_home()
    _same(run_in("--params", "engine=spark", SPARK_MASTER="local[2]"), by_pandas)


def test_connect(run_in: RunIn, by_pandas: Path, connect_server: str) -> None:
    _same(run_in("--params", "engine=spark", SPARK_REMOTE=connect_server), by_pandas)


def test_standalone_cluster(
    run_in: RunIn, by_pandas: Path, standalone_cluster: tuple[str, str]
) -> None:
    address, python = standalone_cluster
    published = run_in("--params", "engine=spark", SPARK_MASTER=address, PYSPARK_PYTHON=python)
    _same(published, by_pandas)


ACTIVE = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from nli_lifecycle.__main__ import main
session = SparkSession.builder.master("local[2]").appName("somebody's").getOrCreate()
sys.argv = ["nli-lifecycle", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
assert session.sparkContext.appName == "somebody's"
assert session.range(3).count() == 3  # still running
"""


def test_a_session_that_is_active_is_used_and_left_running(
    run_in: RunIn, by_pandas: Path, tmp_path: Path
) -> None:
    spark_home()
    done = subprocess.run(
        [sys.executable, "-c", ACTIVE, *COMMAND[1:], "--params", "engine=spark"],
        cwd=PROJECT,
        env=os.environ | {"NLI_HOME": str(tmp_path), "PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    _same(tmp_path / "data/staging/03_primary", by_pandas)


def test_a_server_that_is_not_there_is_said_so(run_in: RunIn) -> None:
    spark_home()
    address = f"sc://127.0.0.1:{free_port()}"
    with pytest.raises(AssertionError, match="cannot be opened at sc://127.0.0.1.*SPARK_REMOTE"):
        run_in("--params", "engine=spark", SPARK_REMOTE=address)
