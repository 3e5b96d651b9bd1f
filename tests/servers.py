"""Real servers to test against: MLflow with several workers, PostgreSQL."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(address: str) -> None:
    for _ in range(600):  # workers import for minutes where the machine is busy
        try:
            urllib.request.urlopen(address, timeout=1)
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(address)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an MLflow server with four workers that keeps artifacts for its clients."""
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "4"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"{address}/health")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=120)


def _programs() -> str | None:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [shutil.which("initdb") or ""]
    return found[-1] if found[-1] else None


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Callable[[str], str]]:
    """Make databases on a PostgreSQL server of our own: name → address."""
    programs = _programs()
    if programs is None or not Path(programs, "pg_ctl").exists():
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail("PostgreSQL is not installed: apt install postgresql")
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="nli-postgres-", dir="/tmp"))
    owner = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    if owner:
        shutil.chown(folder, **owner)  # PostgreSQL refuses to run as root
    port = free_port()

    def do(*command: str) -> None:
        subprocess.run(
            [str(Path(programs, command[0])), *command[1:]],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **owner,
        )

    data = str(folder / "data")
    do("initdb", "-D", data, "-A", "trust", "-U", "nli", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    do("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")

    def make(name: str) -> str:
        do("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "nli", name)
        return f"postgresql+psycopg2://nli@127.0.0.1:{port}/{name}"

    try:
        yield make
    finally:
        do("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(postgresql_server: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    """Address of a fresh database with MLflow's tables: making them at once, six would collide."""
    address = postgresql_server(f"t{abs(hash(request.node.nodeid))}")
    MlflowClient(address).search_experiments()
    return address
