"""A checkpoint folder is complete or absent, and says no more than the model."""

from __future__ import annotations

import errno
import json
import resource
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training.checkpoint import load_classifier, write_checkpoint
from nli_lifecycle.nli.training.encoding import load_tokenizer


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("checkpoint") / "encoder")


@pytest.fixture(scope="module")
def model(encoder: Path) -> Any:
    return load_classifier(encoder)


def test_full_disk_is_an_os_error_and_leaves_the_old_checkpoint(
    model: Any, encoder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "checkpoint"
    write_checkpoint(model, load_tokenizer(encoder), output)
    before = (output / "model.safetensors").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # bytes a file may have
    try:
        with pytest.raises(OSError) as error:
            write_checkpoint(model, load_tokenizer(encoder), output)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.value.errno == errno.EFBIG
    assert error.value.filename == str(output)
    assert (output / "model.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_head_of_another_task_is_replaced(encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "two-labels"
    write_checkpoint(load_classifier(encoder), load_tokenizer(encoder), folder)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"] = weights["classifier.weight"][:2].clone()
    weights["classifier.bias"] = weights["classifier.bias"][:2].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "no", "1": "yes"}, "label2id": {"no": 0, "yes": 1}}
    (folder / "config.json").write_text(json.dumps(config))
    model = load_classifier(folder)
    assert model.classifier.weight.shape == (3, 32)
    assert model.config.id2label == {0: "entailment", 1: "neutral", 2: "contradiction"}


def test_half_precision_weights_train_in_full_precision(encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    write_checkpoint(load_classifier(encoder).half(), load_tokenizer(encoder), folder)
    assert {str(weight.dtype) for weight in load_classifier(folder).parameters()} == {
        "torch.float32"
    }


def test_config_that_asks_for_code_is_refused(encoder: Path, tmp_path: Path) -> None:
    for file in encoder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((encoder / "config.json").read_text())
    config["model_type"] = "of-our-own"
    config["auto_map"] = {
        "AutoConfig": "code.Config",
        "AutoModelForSequenceClassification": "code.Model",
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "code.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ValueError, match=f"No encoder can be read from {tmp_path}"):
        load_classifier(tmp_path)
