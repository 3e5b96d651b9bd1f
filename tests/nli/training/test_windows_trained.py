"""What is decided late in a premise is learned, pooled as it will be served, and resumed alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from long_premises import (
    EVIDENCE,
    HYPOTHESIS,
    MAX_LENGTH,
    OVERLAP,
    WORDS,
    document,
    long_pairs,
)
from safetensors.torch import load_file
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli import inference
from nli_lifecycle.nli.export.payload import export
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.encoding import EncodedPairs, encode_pairs, load_tokenizer
from nli_lifecycle.nli.training.loop import TrainingResult, train
from nli_lifecycle.nli.training.objective import Objective
from nli_lifecycle.nli.training.pooling import pool
from nli_lifecycle.nli.training.ranks import ALONE, Ranks
from nli_lifecycle.nli.training.stepping import Stepper
from nli_lifecycle.nli.training.validation import validate
from nli_lifecycle.parameters import ExportParameters, TrainingParameters

TRAIN = long_pairs(480, seed=1, short=360)
VALIDATION, TEST = long_pairs(60, seed=2), long_pairs(150, seed=3)
LONG = np.arange(360, 376)  # a batch of long pairs
CUT = TrainingParameters(
    epochs=10, batch_size=16, learning_rate=3e-3, max_length=MAX_LENGTH, window_overlap=OVERLAP,
    patience=10, device="cpu", precision="float32",
)  # fmt: skip
WINDOWS = CUT.model_copy(update={"long_premises": "windows"})
FLOAT = ExportParameters(int8=False)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("windows") / "encoder")


@pytest.fixture(scope="module")
def trained(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    output = tmp_path_factory.mktemp("trained") / "checkpoint"
    return train(TRAIN, VALIDATION, WINDOWS, encoder=encoder, output=output)


def _encoded(pairs: pd.DataFrame, folder: Path, overlap: int | None = OVERLAP) -> EncodedPairs:
    texts = pairs["premise"].tolist(), pairs["hypothesis"].tolist()
    tokenizer = load_tokenizer(folder)
    return encode_pairs(*texts, tokenizer, max_length=MAX_LENGTH, overlap=overlap)


def _equal(first: Path, second: Path) -> bool:
    a, b = (load_file(folder / "model.safetensors") for folder in (first, second))
    return all(torch.equal(a[name], b[name]) for name in a)


# ---- one step


class Recorded:
    """A model that notes how large its batches are, and has little memory if asked to."""

    def __init__(self, model: Any, most: int) -> None:
        self._model, self._most = model, most
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, **batch: torch.Tensor) -> Any:
        self.shapes.append(tuple(batch["input_ids"].shape))
        if self.shapes[-1][0] > self._most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self._model(**batch)

    def parameters(self) -> Any:
        return self._model.parameters()


def _stepper(encoder: Path, *, most: int = 999, ranks: Ranks = ALONE) -> tuple[Stepper, Recorded]:
    torch.manual_seed(0)
    model = Recorded(load_classifier(encoder).eval(), most)
    objective = Objective(np.arange(480) % 3, WINDOWS, torch.device("cpu"))
    optimiser = torch.optim.SGD(model.parameters())
    encoded = _encoded(TRAIN, encoder)
    return Stepper(model, optimiser, encoded, objective, WINDOWS, 0, ranks), model


def test_a_pair_that_does_not_fit_into_memory_says_what_to_change(encoder: Path) -> None:
    stepper, _ = _stepper(encoder, most=2)
    with pytest.raises(MemoryError, match="pair of up to 111 tokens .*data.max_characters.* cut,"):
        stepper.step(LONG, 0.1)


def test_a_step_holds_no_more_tokens_than_a_batch_of_cut_pairs(encoder: Path) -> None:
    stepper, model = _stepper(encoder)
    stepper.step(LONG, 0.1)
    assert len(model.shapes) == 5 and sum(rows for rows, _ in model.shapes) == 16 * 5
    assert max(rows * tokens for rows, tokens in model.shapes) <= 16 * MAX_LENGTH + 2 * 5 * 24


def test_halving_by_pairs_is_the_same_step(encoder: Path) -> None:
    whole, _ = _stepper(encoder)
    halved, model = _stepper(encoder, most=5)  # the windows of a single pair
    losses = [float(stepper.step(LONG, 0.1)) for stepper in (whole, halved)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert model.shapes[-16:] == [(5, model.shapes[-1][1])] * 16
    for a, b in zip(whole._model.parameters(), model.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_shares_of_two_processes_add_up_to_the_batch(encoder: Path) -> None:
    rows = np.arange(357, 363)
    loss = float(_stepper(encoder)[0].step(rows, 0.1))
    shares = []
    for rank in (0, 1):
        stepper, _ = _stepper(encoder, ranks=Ranks(rank, 2))
        shares.append(float(stepper.step(rows, 0.1)))
    assert sum(shares) / 2 == pytest.approx(loss, rel=1e-6)


# ---- pooling

LOGITS = st.lists(st.tuples(*[st.floats(-20, 20, width=32)] * 3), min_size=1, max_size=12)


@given(LOGITS, st.data())
def test_pooling_is_that_of_serving(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(rows))))
    firsts = np.array([0, *sorted(cuts - {len(rows)})])
    counts = np.diff(firsts, append=len(rows)).tolist()
    pooled = pool(torch.tensor(rows), counts)
    expected = inference.pool(np.array(rows), firsts)
    assert pooled.shape == expected.shape
    assert np.abs(pooled.numpy() - expected).max() < 1e-5


def test_gradients_reach_the_windows_that_decide() -> None:
    logits = torch.tensor([[5.0, 0, 0], [0, 0, 2], [0, 0, 1], [1, 2, 3]], requires_grad=True)
    pool(logits, [3, 1])[:, [0, 2]].sum().backward()
    assert logits.grad is not None
    assert logits.grad.tolist() == [[1, -1, 0], [0, -1, 1], [0, 0, 0], [1, 0, 1]]


def test_scores_are_those_of_pooled_answers(trained: TrainingResult) -> None:
    encoded = _encoded(VALIDATION, trained.checkpoint)
    targets = np.arange(60) % 3
    scores = validate(load_classifier(trained.checkpoint), encoded, targets, pad_id=0)
    assert scores["macro_f1"] == trained.best_macro_f1
    assert encoded.firsts is not None and encoded.lengths.tolist() == [
        int(encoded.starts[b] - encoded.starts[a])
        for a, b in zip(encoded.firsts[:-1], encoded.firsts[1:], strict=True)
    ]


# ---- whole trainings


def test_what_decides_far_behind_is_learned_with_windows_only(
    trained: TrainingResult, encoder: Path, tmp_path: Path
) -> None:
    cut = train(TRAIN, VALIDATION, CUT, encoder=encoder, output=tmp_path / "checkpoint")
    targets = np.arange(150) % 3
    scores = {
        overlap: validate(
            load_classifier(checkpoint), _encoded(TEST, encoder, overlap), targets, pad_id=0
        )["accuracy"]
        for checkpoint, overlap in ((cut.checkpoint, None), (trained.checkpoint, OVERLAP))
    }
    assert scores[OVERLAP] > 0.9
    assert scores[None] < 0.5


def test_the_exported_model_finds_it_at_any_position(
    trained: TrainingResult, tmp_path: Path
) -> None:
    report = export(
        trained.checkpoint, tmp_path, FLOAT, VALIDATION, max_length=MAX_LENGTH, overlap=OVERLAP
    )
    assert report.float_difference < 1e-5
    classifier, rng = Classifier.load(tmp_path, threads=1), np.random.default_rng(4)
    for label in EVIDENCE:
        premises = [document(label, position, rng) for position in range(WORDS)]
        answers = classifier.predict_proba(premises, [HYPOTHESIS] * WORDS)
        assert (answers.argmax(axis=1) == LABELS.index(label)).mean() > 0.95
    answered = classifier.predict_proba(TEST["premise"], TEST["hypothesis"]).argmax(axis=1)
    scores = validate(
        load_classifier(trained.checkpoint),
        _encoded(TEST, trained.checkpoint),
        np.arange(150) % 3,
        pad_id=0,
    )
    assert (answered == np.arange(150) % 3).mean() == pytest.approx(scores["accuracy"])


def test_where_no_pair_is_long_every_bit_is_the_same(encoder: Path, tmp_path: Path) -> None:
    short = TRAIN[:96]
    for name, parameters in (("cut", CUT), ("windows", WINDOWS)):
        once = parameters.model_copy(update={"epochs": 1})
        train(short, short[:30], once, encoder=encoder, output=tmp_path / name)
    assert _equal(tmp_path / "cut", tmp_path / "windows")


def test_cut_off_and_gone_on_ends_with_the_same_bits(encoder: Path, tmp_path: Path) -> None:
    parameters = WINDOWS.model_copy(update={"epochs": 2, "checkpoint_steps": 2})

    class CutOff(Exception):
        """The process is gone."""

    def cut_off(_: Mapping[str, float], step: int) -> None:
        if step >= 9:
            raise CutOff

    def run(name: str, note: Any = None) -> TrainingResult:
        home = tmp_path / name
        return train(
            TRAIN[312:408],
            VALIDATION[:30],
            parameters,
            encoder=encoder,
            output=home / "checkpoint",
            progress=home / "progress",
            on_metrics=note,
        )

    run("whole")
    with pytest.raises(CutOff):
        run("resumed", cut_off)
    assert run("resumed").resumed_at == 8
    assert _equal(tmp_path / "whole/checkpoint", tmp_path / "resumed/checkpoint")
