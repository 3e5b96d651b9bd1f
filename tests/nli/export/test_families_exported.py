"""Every family trains, exports and answers as PyTorch does, or is refused in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_families import FAMILIES, make_family
from tiny_bundle import MAX_LENGTH, PAIRS
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from nli_lifecycle.nli.export.payload import ExportError, check_exportable, export
from nli_lifecycle.nli.export.precision import choose_precision
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.nli.training.loop import train
from nli_lifecycle.parameters import ExportParameters, TrainingParameters

FLOAT = ExportParameters(int8=False, golden_probes=3)
ANY_INT8 = ExportParameters(min_agreement=0, max_accuracy_drop=100)
FEW_STEPS = TrainingParameters(
    epochs=1, batch_size=8, learning_rate=1e-3, max_length=MAX_LENGTH, device="cpu"
)


def _torch_probabilities(checkpoint: Path) -> np.ndarray:
    """What transformers itself answers to pairs padded to the longest."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    texts = PAIRS["premise"].tolist()[:4], PAIRS["hypothesis"].tolist()[:4]
    with torch.inference_mode():
        logits = model(**tokenizer(*texts, padding=True, return_tensors="pt")).logits
    return torch.softmax(logits, dim=-1).numpy()


# ---- refused


#: Built like one of the other four, or like the BERT of every other test.
RELATIVES = ("bert", "electra", "xlm-roberta", "deberta")
SMALL = {
    "vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 64, "initializer_range": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("fnet", "FNetForSequenceClassification cannot be exported to ONNX"),
        ("esm", "EsmForSequenceClassification cannot read a pair of texts .TypeError"),
        ("nystromformer", "does not survive tracing"),
    ],
)
def test_other_families_say_in_seconds_what_is_in_the_way(
    family: str, reason: str, tmp_path: Path
) -> None:
    make_family(tmp_path, "bert")
    torch.manual_seed(0)  # some random weights answer 1.0 to everything, traced or not
    config = AutoConfig.for_model(family, **SMALL)
    AutoModel.from_config(config).save_pretrained(tmp_path)
    with pytest.raises(ExportError, match=reason):
        check_exportable(tmp_path, max_length=32)


def test_a_model_too_large_for_one_file_is_refused_before_it_is_traced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nli_lifecycle.nli.export.graph.LARGEST", 100_000)
    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: pytest.fail("traced"))
    with pytest.raises(ExportError, match="its weights take 0.0 GB in float32, and one file holds"):
        check_exportable(make_family(tmp_path, "bert"), max_length=32)


# ---- exported


@pytest.mark.parametrize(
    "family",
    [
        *("roberta", "distilbert", "deberta-v2", "modernbert"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in RELATIVES),
    ],
)
def test_the_bundle_answers_as_pytorch_does(family: str, tmp_path: Path) -> None:
    checkpoint, payload = tmp_path / "checkpoint", tmp_path / "payload"
    encoder, few = make_family(tmp_path / "encoder", family), PAIRS.head(16)
    train(few, few, FEW_STEPS, encoder=encoder, output=checkpoint)

    # Pairs longer than any window of local attention are among the probes compared here.
    report = export(checkpoint, payload, FLOAT, PAIRS, max_length=MAX_LENGTH)
    assert report.float_difference < 1e-5
    premises, hypotheses = PAIRS["premise"].tolist()[:4], PAIRS["hypothesis"].tolist()[:4]
    expected = _torch_probabilities(checkpoint)
    assert expected.std(axis=0).max() > 0.005  # the comparison is of more than constants
    found = Classifier.load(payload).predict_proba(premises, hypotheses)
    assert np.abs(found - expected).max() < 1e-5

    choice = choose_precision(payload, ANY_INT8, PAIRS)
    assert choice.precision == "int8"
    classifier = Classifier.load(payload, verify=False)
    found = classifier.predict_proba(premises, hypotheses)
    assert 0 < np.abs(found - expected).max() < 0.1
    alone = [classifier.predict_proba([p], [h])[0] for p, h in zip(premises, hypotheses)]
    assert np.abs(found - alone).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_an_untrained_encoder_passes_the_check_at_its_full_length(
    family: str, tmp_path: Path
) -> None:
    length = min(FAMILIES[family].usable, 1024)  # attention over 8,192 tokens would fill memory
    check_exportable(make_family(tmp_path, family), max_length=length)
