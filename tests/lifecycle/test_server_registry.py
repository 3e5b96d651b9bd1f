"""The registry behind a real MLflow server that keeps artifacts for its clients."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from ready_evidence import POLICY, evidence
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.decision import decide
from nli_lifecycle.lifecycle.registry import MlflowRegistry
from nli_lifecycle.lifecycle.release import release
from nli_lifecycle.lifecycle.standing import take_standing
from nli_lifecycle.pipelines.intake.nodes import take_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"{address}/health")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(address: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=1)
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(address)


def test_a_model_is_registered_released_and_taken_in(server: str, tmp_path: Path) -> None:
    def registry(environment: str, upstream: MlflowRegistry | None = None) -> MlflowRegistry:
        return MlflowRegistry(
            f"{environment}.nli.classifier",
            environment=environment,
            experiment=f"nli-{environment}",
            downloads=tmp_path / environment,
            tracking_uri=server,
            upstream=upstream,
        )

    dev = registry("dev")
    candidate = dev.register(sealed_folder(tmp_path / "model"), {"data_version": "d1"})
    assert dev.register(sealed_folder(tmp_path / "again"), {}) == candidate
    facts = evidence(champion=None).model_copy(update={"candidate": candidate})
    decision = decide(POLICY, facts, take_standing(dev, POLICY, facts))
    assert release(dev, decision, None).champion == candidate

    staging = registry("staging", upstream=dev)
    copy = take_in(staging)
    assert take_in(staging) == copy
    dev.client.delete_registered_model(dev.name)
    assert staging.fetch(copy).digest == candidate.digest
