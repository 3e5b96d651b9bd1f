"""The training key: the same when nothing that matters changed, another when anything did."""

from __future__ import annotations

import pytest

from nli_lifecycle.parameters import ExportParameters, TrainingParameters
from nli_lifecycle.pipelines.training import nodes

TRAINING, EXPORT = TrainingParameters(), ExportParameters()


def test_same_inputs_same_key() -> None:
    key = nodes.identify("d1", TRAINING, EXPORT)
    assert key == nodes.identify("d1", TrainingParameters(), ExportParameters())
    assert len(key) == 16 and int(key, 16) >= 0


def test_data_and_every_parameter_change_the_key() -> None:
    keys = {
        nodes.identify("d1", TRAINING, EXPORT),
        nodes.identify("d2", TRAINING, EXPORT),
        nodes.identify("d1", TRAINING.model_copy(update={"seed": 14}), EXPORT),
        nodes.identify("d1", TRAINING, EXPORT.model_copy(update={"int8": False})),
    }
    assert len(keys) == 4


@pytest.mark.parametrize("part", ["code_version", "library_versions"])
def test_code_and_libraries_change_the_key(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = nodes.identify("d1", TRAINING, EXPORT)
    monkeypatch.setattr(nodes, part, lambda: "another")
    assert nodes.identify("d1", TRAINING, EXPORT) != before
