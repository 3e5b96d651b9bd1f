"""A batch that does not fit is halved: the same step, and a message that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.encoding import encode_pairs, load_tokenizer
from nli_lifecycle.nli.training.objective import Objective
from nli_lifecycle.nli.training.ranks import ALONE
from nli_lifecycle.nli.training.stepping import Stepper
from nli_lifecycle.parameters import TrainingParameters

PARAMETERS = TrainingParameters(batch_size=8)
PREMISES = ["a man sleeps", "the dog runs outside", "no child eats"] * 4
TARGETS = np.array([0, 1, 2] * 4)


class Small:
    """A model that runs out of memory on more than so many pairs."""

    def __init__(self, model: Any, most: int, error: Exception) -> None:
        self._model, self._most, self._error = model, most, error
        self.sizes: list[int] = []

    def __call__(self, **batch: torch.Tensor) -> Any:
        self.sizes.append(len(batch["input_ids"]))
        if self.sizes[-1] > self._most:
            raise self._error
        return self._model(**batch)

    def parameters(self) -> Any:
        return self._model.parameters()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("stepping") / "encoder")


def _stepper(encoder: Path, most: int, error: Exception) -> tuple[Stepper, Small]:
    torch.manual_seed(0)
    small = Small(load_classifier(encoder).eval(), most, error)
    tokenizer = load_tokenizer(encoder)
    encoded = encode_pairs(PREMISES, PREMISES[::-1], tokenizer, max_length=32)
    objective = Objective(TARGETS, PARAMETERS, torch.device("cpu"))
    optimiser = torch.optim.SGD(small.parameters())  # AdamW makes much of the last digits
    return Stepper(small, optimiser, encoded, objective, PARAMETERS, 0, ALONE), small


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to …"),
    RuntimeError("MPS backend out of memory (MPS allocated: 4.20 GB"),
]


@pytest.mark.parametrize("error", ERRORS, ids=["cuda", "cpu", "mps"])
def test_a_batch_is_halved_until_it_fits(
    encoder: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    whole, _ = _stepper(encoder, 8, error)
    halved, small = _stepper(encoder, 3, error)
    rows = np.arange(8)
    losses = [float(stepper.step(rows, 0.1)) for stepper in (whole, halved)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert small.sizes == [8, 4, 2, 2, 2, 2]
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2 and "computed in 4 parts" in messages[1]
    halved.step(rows, 0.1)
    assert small.sizes[6:] == [2, 2, 2, 2]  # it is not tried in vain again
    for a, b in zip(whole._model.parameters(), _once(encoder, rows, error), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def _once(encoder: Path, rows: np.ndarray, error: Exception) -> Any:
    stepper, small = _stepper(encoder, 2, error)
    stepper.step(rows, 0.1)
    return small.parameters()


def test_one_pair_that_does_not_fit_says_what_to_lower(encoder: Path) -> None:
    stepper, _ = _stepper(encoder, 0, ERRORS[0])
    with pytest.raises(MemoryError, match="single pair of up to 11 tokens.*training.max_length"):
        stepper.step(np.arange(4), 1e-3)


def test_other_errors_are_not_taken_for_it(encoder: Path) -> None:
    stepper, small = _stepper(encoder, 0, RuntimeError("size mismatch"))
    with pytest.raises(RuntimeError, match="size mismatch"):
        stepper.step(np.arange(4), 1e-3)
    assert small.sizes == [4] and stepper.parts == 1


def test_fewer_rows_than_parts(encoder: Path) -> None:
    stepper, small = _stepper(encoder, 2, ERRORS[0])
    stepper.step(np.arange(8), 1e-3)
    stepper.step(np.arange(3), 1e-3)
    assert small.sizes[-3:] == [1, 1, 1]
