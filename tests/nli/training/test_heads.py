"""A trained NLI head is kept in our order of labels; one whose labels have no names is not."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from encoder_families import make_family
from transformers import AutoModelForSequenceClassification

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.checkpoint import load_classifier

#: As the cross-encoders for NLI name and order them.
THEIRS = {0: "contradiction", 1: "entailment", 2: "neutral"}
PLACEHOLDERS = {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
HEADS = {
    "bert": "classifier",
    "distilbert": "classifier",
    "electra": "classifier.out_proj",
    "roberta": "classifier.out_proj",
    "deberta-v2": "classifier",
    "modernbert": "classifier",
}


def _logits(model: Any) -> torch.Tensor:
    ids = torch.tensor([[2, 9, 8, 7, 3, 11, 3], [2, 5, 4, 6, 3, 12, 3]])
    with torch.inference_mode():
        return model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits


def _theirs(folder: Path) -> Any:
    return AutoModelForSequenceClassification.from_pretrained(folder)


# ---- not trusted


def test_head_whose_labels_have_no_names_starts_anew_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_family(tmp_path, "roberta", id2label=PLACEHOLDERS)
    torch.manual_seed(1)
    model, before = load_classifier(folder), _theirs(folder)
    assert not torch.allclose(model.classifier.out_proj.weight, before.classifier.out_proj.weight)
    assert model.classifier.out_proj.bias.tolist() == [0, 0, 0]
    # The layer before it knows the task all the same.
    assert torch.equal(model.classifier.dense.weight, before.classifier.dense.weight)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert f"{folder} names the labels of its head ['LABEL_0', 'LABEL_1'" in record.message
    assert "id2label" in record.message


def test_two_names_for_one_label_are_not_trusted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = {0: "entailment", 1: "neutral", 2: "Neutral"}
    folder = make_family(tmp_path, "bert", id2label=names)
    model = load_classifier(folder)
    assert not torch.allclose(model.classifier.weight, _theirs(folder).classifier.weight)
    assert "starts from random weights" in caplog.text


def test_new_head_follows_the_seed(tmp_path: Path) -> None:
    folder = make_family(tmp_path, "bert", id2label=PLACEHOLDERS)
    weights = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        weights.append(load_classifier(folder).classifier.weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert 0.1 < weights[0].std() < 0.3  # the encoder's own spread for new weights, 0.2


def test_encoder_without_a_head_is_nothing_to_warn_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_family(tmp_path, "bert")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = PLACEHOLDERS  # as many labels, but no weights of a head
    (folder / "config.json").write_text(json.dumps(config))
    load_classifier(folder)
    assert caplog.records == []


def test_head_of_two_labels_is_replaced_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_family(tmp_path, "roberta", id2label={0: "no", 1: "yes"})
    model = load_classifier(folder)
    assert model.classifier.out_proj.weight.shape == (3, 32)
    assert caplog.records == []


def test_architecture_without_a_linear_head_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_family(tmp_path, "bert")
    monkeypatch.setattr("nli_lifecycle.nli.training.heads.LABELS", LABELS * 2)  # none has six
    with pytest.raises(ValueError, match="BertForSequenceClassification ends in no linear layer"):
        load_classifier(folder)


# ---- kept


@pytest.mark.parametrize("family", HEADS)
def test_trained_head_is_kept_in_our_order(
    family: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_family(tmp_path, family, id2label=THEIRS)
    before = _theirs(folder)
    torch.nn.init.normal_(before.get_submodule(HEADS[family]).bias)
    before.save_pretrained(folder)
    model = load_classifier(folder)
    assert model.config.id2label == dict(enumerate(LABELS))
    assert model.config.label2id == {label: index for index, label in enumerate(LABELS)}
    assert torch.equal(_logits(model), _logits(before)[:, [1, 2, 0]])
    bias = before.get_submodule(HEADS[family]).bias
    assert model.get_submodule(HEADS[family]).bias.tolist() == bias[[1, 2, 0]].tolist()
    assert len(set(bias.tolist())) == 3
    assert caplog.records == []


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], [0, 1, 2]),
        (["CONTRADICTION", "NEUTRAL", "ENTAILMENT"], [2, 1, 0]),
        ([" Neutral", "Contradiction ", "Entailment"], [2, 0, 1]),
    ],
)
def test_names_count_in_any_letter_case(names: list[str], order: list[int], tmp_path: Path) -> None:
    folder = make_family(tmp_path, "bert", id2label=dict(enumerate(names)))
    assert torch.equal(_logits(load_classifier(folder)), _logits(_theirs(folder))[:, order])


def test_a_second_reading_changes_nothing(tmp_path: Path) -> None:
    once = load_classifier(make_family(tmp_path / "theirs", "bert", id2label=THEIRS))
    once.save_pretrained(tmp_path / "ours")
    assert torch.equal(_logits(load_classifier(tmp_path / "ours")), _logits(once))
