"""The loop learns, repeats itself bit for bit, stops when it should, and leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_encoder import make_tiny_encoder
from transformers import AutoModelForSequenceClassification
from transformers.utils import logging as transformers_logging

from nli_lifecycle.nli.training import loop as training
from nli_lifecycle.nli.training.encoding import encode_pairs, load_tokenizer
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.optimisation import BestWeights, make_optimiser, rate_factor
from nli_lifecycle.nli.training.loop import TrainingResult, train
from nli_lifecycle.nli.training.objective import Objective
from nli_lifecycle.nli.training.validation import macro_f1, validate
from nli_lifecycle.parameters import TrainingParameters


def _toy_pairs(rows: int, seed: int) -> pd.DataFrame:
    """Pairs whose label one word of the hypothesis gives away: separable."""
    rng = np.random.default_rng(seed)
    subjects, verbs = ["man", "dog", "bird", "child"], ["runs", "sings", "eats"]
    quantifier = {"entailment": "some", "neutral": "big", "contradiction": "no"}
    labels = [LABELS[i % 3] for i in range(rows)]
    picks = [(rng.choice(subjects), rng.choice(verbs)) for _ in labels]
    return pd.DataFrame(
        {
            "premise": [f"the {s} {v} outside" + " and sleeps" * (i % 4)
                        for i, (s, v) in enumerate(picks)],
            "hypothesis": [f"{quantifier[label]} {s} {v}"
                           for label, (s, v) in zip(labels, picks, strict=True)],
            "label": labels,
        }
    )  # fmt: skip


TRAIN, VALIDATION = _toy_pairs(240, seed=1), _toy_pairs(60, seed=2)
FAST = TrainingParameters(
    epochs=6, batch_size=16, learning_rate=3e-3, max_length=32, patience=6, device="cpu"
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("training") / "encoder")


@pytest.fixture(scope="module")
def curves() -> list[tuple[int, dict[str, float]]]:
    return []


@pytest.fixture(scope="module")
def trained(
    encoder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    curves: list[tuple[int, dict[str, float]]],
) -> TrainingResult:
    def note(metrics: Mapping[str, float], step: int) -> None:
        curves.append((step, dict(metrics)))

    output = tmp_path_factory.mktemp("trained") / "checkpoint"
    return train(TRAIN, VALIDATION, FAST, encoder=encoder, output=output, on_metrics=note)


# ---- unhappy paths


def test_absent_class_stops_before_anything_is_written(encoder: Path, tmp_path: Path) -> None:
    pairs = TRAIN[TRAIN["label"] != "neutral"]
    with pytest.raises(ValueError, match=r"training pairs \(160 rows\) hold no neutral"):
        train(pairs, VALIDATION, FAST, encoder=encoder, output=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_empty_validation_is_refused(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"validation pairs \(0 rows\) hold no rows"):
        train(TRAIN, VALIDATION[:0], FAST, encoder=encoder, output=tmp_path / "out")


def test_loss_that_is_no_number_names_its_step(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "LOSS_EVERY", 4)
    real, batches = Objective.loss, []

    def breaks_at_step_7(self: Objective, logits: Any, rows: Any, weight: float) -> torch.Tensor:
        batches.append(rows)
        return real(self, logits, rows, weight) * (float("nan") if len(batches) == 7 else 1)

    monkeypatch.setattr(Objective, "loss", breaks_at_step_7)
    pairs = TRAIN.assign(pair_id=[f"p{row}" for row in range(len(TRAIN))])
    with pytest.raises(
        FloatingPointError, match="loss became nan at step 7.*learning_rate"
    ) as said:
        train(pairs, VALIDATION, FAST, encoder=encoder, output=tmp_path / "out")
    first = ", ".join(f"p{row}" for row in batches[6][:5])
    assert f"on a batch of pairs {first} and 11 more." in str(said.value)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_no_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No tokenizer can be read from"):
        train(TRAIN, VALIDATION, FAST, encoder=tmp_path, output=tmp_path / "out")


def test_encoder_with_missing_weights_never_trains_from_random_ones(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "encoder")
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="1 weights of the encoder are missing.*layer.1.output"):
        train(TRAIN, VALIDATION, FAST, encoder=folder, output=tmp_path / "out")


def test_window_wider_than_the_encoder_is_refused(encoder: Path, tmp_path: Path) -> None:
    wide = FAST.model_copy(update={"max_length": 513})
    with pytest.raises(ValueError, match="max_length is 513 tokens.*at most 512"):
        train(TRAIN, VALIDATION, wide, encoder=encoder, output=tmp_path / "out")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_absent_device_is_named(encoder: Path, tmp_path: Path) -> None:
    cuda = FAST.model_copy(update={"device": "cuda"})
    with pytest.raises(ValueError, match="training.device is 'cuda', but this machine offers"):
        train(TRAIN, VALIDATION, cuda, encoder=encoder, output=tmp_path / "out")


# ---- what a training brings


def test_learns_a_separable_task(trained: TrainingResult) -> None:
    assert trained.best_macro_f1 > 0.95
    assert trained.best_accuracy > 0.95
    assert (trained.epochs_run, trained.steps, trained.device) == (6.0, 6 * 15, "cpu")
    assert trained.pairs_per_second > 0 and trained.pairs_per_cpu_second > 0
    assert trained.cpu_seconds > 0 and trained.seconds > 0
    with pytest.raises(FrozenInstanceError):
        trained.steps = 0  # type: ignore[misc]


def test_checkpoint_is_plain_hugging_face_with_our_label_order(trained: TrainingResult) -> None:
    config = json.loads((trained.checkpoint / "config.json").read_text())
    assert config["id2label"] == {"0": "entailment", "1": "neutral", "2": "contradiction"}
    assert config["label2id"] == {"entailment": 0, "neutral": 1, "contradiction": 2}
    names = {path.name for path in trained.checkpoint.iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    tokenizer = json.loads((trained.checkpoint / "tokenizer.json").read_text())
    assert tokenizer["padding"] is None and tokenizer["truncation"] is None


def test_checkpoint_scores_what_was_reported(trained: TrainingResult) -> None:
    tokenizer = load_tokenizer(trained.checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(trained.checkpoint)
    encoded = encode_pairs(
        VALIDATION["premise"].tolist(), VALIDATION["hypothesis"].tolist(), tokenizer, max_length=32
    )
    targets = VALIDATION["label"].map(LABELS.index).to_numpy()
    scores = validate(model, encoded, targets, pad_id=tokenizer.pad_token_id)
    assert scores["macro_f1"] == trained.best_macro_f1
    assert scores["accuracy"] == trained.best_accuracy


def test_no_path_of_this_machine_is_in_the_checkpoint(
    trained: TrainingResult, encoder: Path
) -> None:
    for path in trained.checkpoint.glob("*.json"):
        assert str(encoder.parent) not in path.read_text()


def test_curves_reach_the_caller(
    trained: TrainingResult, curves: list[tuple[int, dict[str, float]]]
) -> None:
    losses = {step: metrics for step, metrics in curves if "train/loss" in metrics}
    scores = {step: metrics for step, metrics in curves if "validation/loss" in metrics}
    assert sorted(losses) == [10, 15, 20, 30, 40, 45, 50, 60, 70, 75, 80, 90]
    assert all(set(metrics) == {"train/loss", "train/learning_rate"} for metrics in losses.values())
    assert sorted(scores) == [15, 30, 45, 60, 75, 90]
    assert max(m["validation/macro_f1"] for m in scores.values()) == trained.best_macro_f1
    assert set(scores[15]) == {"validation/accuracy", "validation/macro_f1", "validation/loss"}
    # 6% of 90 steps warm up: 5 steps; then down by 1/86 of the peak a step.
    assert losses[10]["train/learning_rate"] == pytest.approx(3e-3 * 81 / 86)
    assert losses[90]["train/learning_rate"] == pytest.approx(3e-3 / 86)
    assert losses[90]["train/loss"] < 0.2 < losses[10]["train/loss"]


def _weights(encoder: Path, output: Path, **changes: Any) -> dict[str, torch.Tensor]:
    parameters = FAST.model_copy(update={"epochs": 1, **changes})
    result = train(TRAIN, VALIDATION, parameters, encoder=encoder, output=output)
    return load_file(result.checkpoint / "model.safetensors")


def test_the_seed_decides_every_bit(encoder: Path, tmp_path: Path) -> None:
    first = _weights(encoder, tmp_path / "first")
    torch.manual_seed(999)  # the caller's own randomness plays no part
    again = _weights(encoder, tmp_path / "again")
    other = _weights(encoder, tmp_path / "other", seed=14)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])


def test_stops_early_and_writes_the_best_weights(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = iter([0.3, 0.6, 0.5, 0.6, 0.9])  # the third and fourth bring nothing
    seen: list[torch.Tensor] = []

    def score(model: Any, *_: Any, **__: Any) -> dict[str, float]:
        seen.append(model.classifier.weight.detach().clone())
        return {"accuracy": 0.5, "macro_f1": next(scripted), "loss": 1.0}

    monkeypatch.setattr(training, "validate", score)
    parameters = FAST.model_copy(update={"patience": 2, "evaluations_per_epoch": 2})
    result = train(TRAIN, VALIDATION, parameters, encoder=encoder, output=tmp_path / "out")
    assert (result.steps, result.epochs_run, result.best_macro_f1) == (30, 2.0, 0.6)
    written = load_file(result.checkpoint / "model.safetensors")["classifier.weight"]
    assert torch.equal(written, seen[1]) and not torch.equal(written, seen[3])


def test_a_second_training_replaces_the_checkpoint(encoder: Path, tmp_path: Path) -> None:
    output = tmp_path / "deep" / "checkpoint"
    output.mkdir(parents=True)
    (output / "left-over").touch()
    _weights(encoder, output)
    assert not (output / "left-over").exists()
    assert [path.name for path in output.parent.iterdir()] == ["checkpoint"]


def test_global_state_is_given_back(
    encoder: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING", logger="nli_lifecycle")  # our own lines are wanted, and elsewhere
    torch.manual_seed(7)
    random_state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    verbosity = transformers_logging.get_verbosity()
    _weights(encoder, tmp_path / "out")
    assert torch.equal(torch.random.get_rng_state(), random_state)
    assert torch.get_num_threads() == threads
    assert transformers_logging.get_verbosity() == verbosity
    assert transformers_logging.is_progress_bar_enabled()
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""  # no bar without a terminal, no report of 'newly…'


# ---- its parts


def test_rate_rises_to_its_peak_and_falls_to_almost_nothing() -> None:
    factors = [rate_factor(step, 100, 0.1) for step in range(1, 101)]
    assert factors[:2] == [0.1, 0.2] and factors[9] == 1.0
    assert factors.index(max(factors)) == 9
    assert factors[-1] == pytest.approx(1 / 91)
    assert rate_factor(1, 1, 0.0) == 1.0


def test_weight_decay_spares_biases_and_layer_norms(encoder: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=3)
    decayed, spared = make_optimiser(model, FAST).param_groups
    names = {id(weight): name for name, weight in model.named_parameters()}
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.01, 0.0)
    assert all(
        names[id(w)].endswith(".bias") or "LayerNorm" in names[id(w)] for w in spared["params"]
    )
    assert not any(
        names[id(w)].endswith(".bias") or "LayerNorm" in names[id(w)] for w in decayed["params"]
    )


def test_best_weights_survive_later_steps() -> None:
    model, best = torch.nn.Linear(2, 2), BestWeights()
    kept = model.weight.detach().clone()
    best.consider({"macro_f1": 0.7}, model)
    with torch.no_grad():
        model.weight.add_(1)
    best.consider({"macro_f1": 0.7}, model)  # equal is not better: the earlier weights stay
    assert best.stale_validations == 1
    best.restore(model)
    assert torch.equal(model.weight, kept)


def test_macro_f1_by_hand() -> None:
    targets, predictions = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 0, 2])
    # F1: entailment 2·1/(2+2), neutral 2·2/(2+3), contradiction 2·1/(2+1)
    assert macro_f1(targets, predictions) == pytest.approx((1 / 2 + 4 / 5 + 2 / 3) / 3)
    assert macro_f1(np.array([0]), np.array([0])) == pytest.approx(1 / 3)
