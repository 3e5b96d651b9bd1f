"""An export answers as its checkpoint does, in int8 where that holds, or is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_bundle import MAX_LENGTH, PAIRS, make_tiny_checkpoint
from tiny_encoder import make_tiny_encoder
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from nli_lifecycle.nli import bundle, inference
from nli_lifecycle.nli.export import payload as export_module
from nli_lifecycle.nli.export import precision
from nli_lifecycle.nli.export.payload import ExportError, check_exportable, export
from nli_lifecycle.nli.export.golden import TOLERANCES, probe_pairs
from nli_lifecycle.nli.inference import Classifier, PayloadError
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.parameters import ExportParameters

FLOAT = ExportParameters(int8=False, golden_probes=5)
ANY_INT8 = ExportParameters(min_agreement=0, max_accuracy_drop=100)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_checkpoint(tmp_path_factory.mktemp("export") / "checkpoint")


def _torch_probabilities(checkpoint: Path, order: list[int]) -> np.ndarray:
    """What transformers itself answers, padded, in our label order."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    texts = PAIRS["premise"].tolist(), PAIRS["hypothesis"].tolist()
    with torch.inference_mode():
        logits = model(**tokenizer(*texts, padding=True, return_tensors="pt")).logits
    return torch.softmax(logits, dim=-1).numpy()[:, order]


# ---- refused -----------------------------------------------------------------------------------


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="has no config.json"):
        export(tmp_path, tmp_path / "out", FLOAT, PAIRS, max_length=MAX_LENGTH)


def test_an_output_that_is_not_empty_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(ExportError, match="is not empty"):
        export(checkpoint, tmp_path, FLOAT, PAIRS, max_length=MAX_LENGTH)


def test_a_window_wider_than_the_model_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="max_length is 5000, but the model has 512 positions"):
        export(checkpoint, tmp_path / "out", FLOAT, PAIRS, max_length=5000)


def test_placeholder_labels_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    unnamed = Path(shutil.copytree(checkpoint, tmp_path / "unnamed"))
    config = json.loads((unnamed / "config.json").read_text())
    config["id2label"] = {str(i): f"LABEL_{i}" for i in range(3)}
    (unnamed / "config.json").write_text(json.dumps(config))
    with pytest.raises(ExportError, match="LABEL_0"):
        export(unnamed, tmp_path / "out", FLOAT, PAIRS, max_length=MAX_LENGTH)


def test_a_head_that_was_never_trained_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    headless = Path(shutil.copytree(checkpoint, tmp_path / "headless"))
    weights = load_file(headless / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, headless / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ExportError, match="lacks trained weights.*classifier.weight"):
        export(headless, tmp_path / "out", FLOAT, PAIRS, max_length=MAX_LENGTH)


def test_a_graph_that_answers_otherwise_is_refused(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = export_module.write_float_graph

    def dishonest(model: torch.nn.Module, *rest: object) -> None:
        model.classifier.bias.data += torch.tensor([1.0, 0.0, 0.0])
        honest(model, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(export_module, "write_float_graph", dishonest)
    with pytest.raises(ExportError, match="off PyTorch"):
        export(checkpoint, tmp_path / "out", FLOAT, PAIRS, max_length=MAX_LENGTH)


def test_an_architecture_that_cannot_be_traced_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untraceable(*_: object, **__: object) -> None:
        raise torch.onnx.errors.UnsupportedOperatorError("aten::novel", 17, None)

    encoder = make_tiny_encoder(tmp_path / "encoder")
    check_exportable(encoder, max_length=MAX_LENGTH)
    monkeypatch.setattr(torch.onnx, "export", untraceable)
    with pytest.raises(ExportError, match="BertForSequenceClassification cannot be exported"):
        check_exportable(encoder, max_length=MAX_LENGTH)


# ---- precision ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "rows", "reason"),
    [
        (ExportParameters(int8=False), 20, "int8 is switched off"),
        (ExportParameters(), 0, "no validation pairs"),
        (ANY_INT8.model_copy(update={"min_agreement": 1.1}), 20, "int8 is refused.*agrees"),
        (ANY_INT8.model_copy(update={"max_accuracy_drop": -101.0}), 20, "int8 is refused.*loses"),
    ],
)
def test_float_is_kept_and_the_report_says_why(
    checkpoint: Path, tmp_path: Path, parameters: ExportParameters, rows: int, reason: str
) -> None:
    report = export(checkpoint, tmp_path, parameters, PAIRS.head(rows), max_length=MAX_LENGTH)
    assert report.precision == "float32"
    assert reason.split(".*")[0] in report.reason and reason.split(".*")[-1] in report.reason
    assert json.loads((tmp_path / "inference.json").read_text())["precision"] == "float32"
    found = Classifier.load(tmp_path).predict_proba(PAIRS["premise"], PAIRS["hypothesis"])
    assert np.abs(found - _torch_probabilities(checkpoint, [0, 1, 2])).max() < 1e-5
    assert not list(tmp_path.glob("float32*"))


def test_the_comparison_is_counted_in_labels_and_points(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = PAIRS["label"].map(LABELS.index).to_numpy()
    two_wrong = np.where(np.arange(20) < 2, (truth + 1) % 3, truth)
    answers = iter([truth, two_wrong])
    monkeypatch.setattr(precision, "_classify", lambda *_: next(answers))
    report = export(checkpoint, tmp_path, ExportParameters(), PAIRS, max_length=MAX_LENGTH)
    assert (report.precision, report.agreement) == ("float32", 0.9)
    assert report.accuracy_drop_points == pytest.approx(10)
    assert "agrees with float32 on 90.0% (at least 97.0%) and loses 10.00" in report.reason


def test_int8_stays_close_to_float(checkpoint: Path, tmp_path: Path) -> None:
    report = export(checkpoint, tmp_path, ANY_INT8, PAIRS, max_length=MAX_LENGTH)
    assert report.precision == "int8"
    assert report.float_difference < 1e-5
    found = Classifier.load(tmp_path).predict_proba(PAIRS["premise"], PAIRS["hypothesis"])
    # A width of 32 averages little noise away; a real encoder is closer.
    assert 0 < np.abs(found - _torch_probabilities(checkpoint, [0, 1, 2])).max() < 0.1


# ---- what is written ---------------------------------------------------------------------------


def test_the_payload_holds_these_files_and_no_others(checkpoint: Path, tmp_path: Path) -> None:
    report = export(checkpoint, tmp_path, FLOAT, PAIRS, max_length=MAX_LENGTH)
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.onnx", "tokenizer.json", "inference.json", "golden.json", "inference.py", "bundle.py"
    }  # fmt: skip
    for module in (inference, bundle):
        source = Path(str(module.__file__))
        assert (tmp_path / source.name).read_bytes() == source.read_bytes()
    assert report.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    settings = json.loads((tmp_path / "inference.json").read_text())
    assert settings == {
        "format": 1,
        "labels": list(LABELS),
        "max_length": MAX_LENGTH,
        "temperature": 1.0,
        "pad_id": 0,
        "precision": "float32",
    }
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    assert tokenizer["padding"] is None and tokenizer["truncation"] is None


@pytest.mark.parametrize("parameters", [FLOAT, ANY_INT8], ids=["float32", "int8"])
def test_windows_are_written_down_and_answered_as_pytorch_does(
    checkpoint: Path, tmp_path: Path, parameters: ExportParameters
) -> None:
    pairs = pd.concat([PAIRS.assign(premise="a cat sleeps and " * 30 + PAIRS["premise"])] * 5)
    report = export(checkpoint, tmp_path, parameters, pairs, max_length=MAX_LENGTH, overlap=7)
    assert report.float_difference < 1e-5
    settings = json.loads((tmp_path / "inference.json").read_text())
    assert settings["format"] == 2
    assert (settings["long_premises"], settings["window_overlap"]) == ("windows", 7)
    assert settings["temperature"] == report.temperature != 1
    Classifier.load(tmp_path)  # its probes, a document among them, are answered as recorded


def test_outputs_in_another_order_are_mapped_by_name(tmp_path: Path) -> None:
    order = ["contradiction", "Entailment", "NEUTRAL"]
    checkpoint = make_tiny_checkpoint(tmp_path / "checkpoint", order=order)
    export(checkpoint, tmp_path / "out", FLOAT, PAIRS, max_length=MAX_LENGTH)
    found = Classifier.load(tmp_path / "out").predict_proba(PAIRS["premise"], PAIRS["hypothesis"])
    expected = _torch_probabilities(checkpoint, order=[1, 2, 0])
    assert np.abs(found - expected).max() < 1e-5


def test_the_same_checkpoint_exports_to_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for output in (first, second):
        export(checkpoint, output, ANY_INT8, PAIRS, max_length=MAX_LENGTH)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_golden_probes_are_ours_and_catch_another_model(checkpoint: Path, tmp_path: Path) -> None:
    export(checkpoint, tmp_path / "one", FLOAT, PAIRS, max_length=MAX_LENGTH)
    golden = json.loads((tmp_path / "one" / "golden.json").read_text())
    assert golden["tolerance"] == TOLERANCES["float32"]
    assert [(p["premise"], p["hypothesis"]) for p in golden["probes"]] == probe_pairs(5)

    other = make_tiny_checkpoint(tmp_path / "other-checkpoint", seed=1)
    export(other, tmp_path / "other", FLOAT, PAIRS, max_length=MAX_LENGTH)
    shutil.copyfile(tmp_path / "other" / "model.onnx", tmp_path / "one" / "model.onnx")
    with pytest.raises(PayloadError, match="Golden probe"):
        Classifier.load(tmp_path / "one")


def test_probes_are_distinct_and_run_out_clearly() -> None:
    assert len(set(probe_pairs(150))) == 150
    assert probe_pairs(16) == probe_pairs(100)[:16]
    with pytest.raises(ValueError, match="golden_probes is 9999, but there are only"):
        probe_pairs(9999)
