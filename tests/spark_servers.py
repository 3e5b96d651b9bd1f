"""A Spark Connect server and a standalone cluster, whose Python does not have our package."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import free_port

#: Seconds that a server may take to answer.
PATIENCE = 90


def spark_home() -> Path:
    """Folder of the installed Spark; skips where it, or Java, is missing."""
    pyspark = pytest.importorskip("pyspark", reason="needs the extra 'spark'")
    if not shutil.which("java"):
        pytest.skip("needs Java 17 or newer")
    return Path(pyspark.__file__).parent


def python_without_us(folder: Path) -> str:
    """A Python that has our dependencies but not us, as a cluster's workers do.

    A line of a .pth file adds a folder of packages, and does not follow the .pth files in it:
    the one that makes our own editable install importable is among those.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    (packages / "deps.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    python = str(folder / "bin" / "python")
    where = {"env": _without_python_path(), "cwd": "/"}
    missing = subprocess.run([python, "-c", "import nli_lifecycle"], capture_output=True, **where)
    assert b"No module named 'nli_lifecycle'" in missing.stderr
    subprocess.run([python, "-c", "import pandas, pyarrow, pydantic"], check=True, **where)
    return python


def _without_python_path() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@contextmanager
def _process(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_without_python_path() | environment,
            cwd="/",
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.3)
    pytest.fail(f"no server on port {port}:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def workers_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of the server's and the cluster's workers."""
    spark_home()
    return python_without_us(tmp_path_factory.mktemp("workers") / "python")


@pytest.fixture(scope="session")
def connect_server(workers_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Spark Connect server, started once for all tests; gives its address for SPARK_REMOTE."""
    home, port, folder = spark_home(), free_port(), tmp_path_factory.mktemp("connect")
    command = [str(home / "bin/spark-submit")]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += ["--master", "local[2]", "--conf", f"spark.connect.grpc.binding.port={port}"]
    command += ["--conf", "spark.sql.shuffle.partitions=4", "--conf", "spark.ui.enabled=false"]
    command += ["--driver-memory", "1g", "spark-internal"]
    environment = {"PYSPARK_PYTHON": workers_python, "SPARK_LOCAL_IP": "127.0.0.1"}
    log = folder / "connect.log"
    with _process(command, log, environment):
        _wait(port, log)
        yield f"sc://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def standalone_cluster(
    workers_python: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A master and a worker, started once; gives the master's address, and the workers' Python."""
    home, port, folder = spark_home(), free_port(), tmp_path_factory.mktemp("cluster")
    runner = [str(home / "bin/spark-class")]
    address = f"spark://127.0.0.1:{port}"
    master = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port)]
    master += ["--webui-port", str(free_port())]
    worker = ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "-c", "2", "-m", "2g"]
    worker += ["-d", str(folder / "work"), "--webui-port", str(free_port()), address]
    environment = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"}
    log = folder / "master.log"
    with _process(runner + master, log, environment):
        _wait(port, log)
        with _process(runner + worker, folder / "worker.log", environment):
            yield address, workers_python
