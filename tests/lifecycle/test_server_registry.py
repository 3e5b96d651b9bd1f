"""The registry behind a real MLflow server that keeps artifacts for its clients."""

from __future__ import annotations

from pathlib import Path

import pytest
from ready_evidence import POLICY, evidence
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.decision import decide
from nli_lifecycle.lifecycle.registry import MlflowRegistry
from nli_lifecycle.lifecycle.release import release
from nli_lifecycle.lifecycle.standing import take_standing
from nli_lifecycle.pipelines.intake.nodes import take_in

pytest_plugins = ["servers"]
pytestmark = pytest.mark.slow


def test_a_model_is_registered_released_and_taken_in(server: str, tmp_path: Path) -> None:
    def registry(environment: str, upstream: MlflowRegistry | None = None) -> MlflowRegistry:
        return MlflowRegistry(
            f"{environment}.registered.classifier",  # other tests release on this server, too
            environment=environment,
            experiment=f"registered-{environment}",
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
