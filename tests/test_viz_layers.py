"""kedro-viz shows layers only where they follow each other: one that goes back hides them all."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from project import PROJECT

from nli_lifecycle import settings
from nli_lifecycle.pipeline_registry import register_pipelines

ORDER = [
    "raw",
    "intermediate",
    "primary",
    "models",
    "model input",
    "model output",
    "reporting",
]
#: Tools that a pipeline works with: neither data nor a result.
NO_LAYER = {"engine", "launcher"}


@cache
def entries(environment: str) -> dict[str, Any]:
    loader = OmegaConfigLoader(
        str(PROJECT / "conf"), env=environment, **settings.CONFIG_LOADER_ARGS  # type: ignore
    )
    found: dict[str, Any] = loader["catalog"]
    return found


def layer(environment: str, name: str) -> str | None:
    entry = entries(environment).get(name) or {}
    metadata = (entry.get("metadata") or {}).get("kedro-viz") or {}
    return metadata.get("layer")


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("pipeline", sorted(register_pipelines()))
def test_no_layer_comes_after_a_later_one(environment: str, pipeline: str) -> None:
    reached: dict[str, int] = {}  # data set → the latest layer on any way to it
    for node in register_pipelines()[pipeline].nodes:  # in the order in which they run
        before = 0
        for source in node.inputs:
            own = layer(environment, source)
            at = max(reached.get(source, 0), ORDER.index(own) if own else 0)
            before = max(before, at)
        for target in node.outputs:
            own = layer(environment, target)
            if own:
                assert ORDER.index(own) >= before, f"{node.name} → {target}"
            reached[target] = max(before, ORDER.index(own) if own else 0)


def test_every_entry_has_a_layer() -> None:
    names = {name for name in entries("dev") if not name.startswith("_")}
    assert {name for name in names if not layer("dev", name)} == NO_LAYER
