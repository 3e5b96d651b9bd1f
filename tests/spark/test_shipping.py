"""Workers do not have our package: they get it when the session is opened, and not before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest_plugins = ["spark_servers"]
pytestmark = pytest.mark.slow

SCRIPT = """
import os, sys
from pathlib import Path
import pyarrow as pa
from pyspark.sql import SparkSession
import nli_lifecycle
from nli_lifecycle.engines.session import open_session

def look(batches):
    import sys
    for _ in batches:
        try:
            import nli_lifecycle.engines.table as found
            where = found.__file__
        except ImportError as error:
            where = str(error)
        yield pa.RecordBatch.from_pydict({"python": [sys.executable], "where": [where]})

def looked(session):
    rows = session.range(0, 8, 1, 4).mapInArrow(look, "python string, where string")
    return {(row.python, row.where) for row in rows.collect()}

builder = SparkSession.builder
if "SPARK_REMOTE" not in os.environ:
    builder = builder.master(os.environ["SPARK_MASTER"]).config("spark.ui.enabled", "false")
session = builder.getOrCreate()
before = looked(session)
assert open_session("unused", {}) is session or "connect" in type(session).__module__
after = looked(open_session("unused", {}))
for python, where in before:
    assert where == "No module named 'nli_lifecycle'", where
for python, where in after:
    assert "/nli_lifecycle_" in where and ".zip/nli_lifecycle/engines/table.py" in where, where
assert {python for python, _ in before | after} == {sys.argv[1]}, before | after
print("shipped")
"""


def _ships(python: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, python],
        env=os.environ | environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "shipped" in done.stdout, done.stderr[-3000:]


def test_to_a_connect_server(connect_server: str, workers_python: str) -> None:
    _ships(workers_python, SPARK_REMOTE=connect_server)


def test_to_a_standalone_cluster(standalone_cluster: tuple[str, str]) -> None:
    address, python = standalone_cluster
    _ships(python, SPARK_MASTER=address, PYSPARK_PYTHON=python)
