"""The training key: the same when nothing that matters changed, another when anything did."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.parameters import ExportParameters, TrainingParameters
from nli_lifecycle.pipelines.training import nodes
from nli_lifecycle.pipelines.training.start import Start

EXPORT = ExportParameters()


@pytest.fixture
def training(tmp_path: Path) -> TrainingParameters:
    return TrainingParameters(encoder=str(make_tiny_encoder(tmp_path / "encoder")))


def _key(data_version: str, training: TrainingParameters, export: ExportParameters) -> str:
    return nodes.identify(data_version, Start(Path(training.encoder)), training, export)


def test_same_inputs_same_key(training: TrainingParameters) -> None:
    key = _key("d1", training, EXPORT)
    assert key == _key("d1", training.model_copy(), ExportParameters())
    assert len(key) == 16 and int(key, 16) >= 0


def test_data_and_every_parameter_change_the_key(training: TrainingParameters) -> None:
    keys = {
        _key("d1", training, EXPORT),
        _key("d2", training, EXPORT),
        _key("d1", training.model_copy(update={"seed": 14}), EXPORT),
        _key("d1", training.model_copy(update={"long_premises": "windows"}), EXPORT),
        _key("d1", training, EXPORT.model_copy(update={"int8": False})),
    }
    assert len(keys) == 5


def test_new_weights_in_the_same_folder_change_the_key(training: TrainingParameters) -> None:
    before = _key("d1", training, EXPORT)
    make_tiny_encoder(Path(training.encoder), seed=1)
    assert _key("d1", training, EXPORT) != before


@pytest.mark.parametrize("part", ["code_version", "library_versions"])
def test_code_and_libraries_change_the_key(
    part: str, training: TrainingParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _key("d1", training, EXPORT)
    monkeypatch.setattr(nodes, part, lambda: "another")
    assert _key("d1", training, EXPORT) != before
