"""Fine-tuning: an encoder and labelled pairs in, a Hugging Face checkpoint out.

``train`` reads top to bottom: seed, data, model, loop, checkpoint. It knows no experiment
tracker: curves leave through the ``on_metrics`` callback.
"""

from __future__ import annotations

import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm.auto import tqdm

from nli_lifecycle.nli.training.batching import bucketed_batches, collate
from nli_lifecycle.nli.training.checkpoint import load_classifier, write_checkpoint
from nli_lifecycle.nli.training.devices import choose_device, mixed_precision, own_torch_state
from nli_lifecycle.nli.training.encoding import (
    EncodedPairs,
    encode_pairs,
    label_positions,
    load_tokenizer,
)
from nli_lifecycle.nli.training.first_token import read_first_token_only
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.optimisation import BestWeights, make_optimiser, rate_factor
from nli_lifecycle.nli.training.validation import validate
from nli_lifecycle.parameters import TrainingParameters

logger = logging.getLogger(__name__)

OnMetrics = Callable[[Mapping[str, float], int], None]

#: Steps between looks at the loss: on a GPU each look waits for all the work queued before it.
LOSS_EVERY = 10


@dataclass(frozen=True)
class TrainingResult:
    """What a training brought, and what it cost."""

    checkpoint: Path  # folder of the best weights
    best_macro_f1: float  # on the validation pairs
    best_accuracy: float  # of the same weights
    epochs_run: float  # passes over the training pairs; fewer than asked after an early stop
    steps: int  # optimiser steps
    seconds: float  # wall clock of the whole call
    cpu_seconds: float  # CPU time of the whole call, all threads
    pairs_per_second: float  # training pairs per wall-clock second of the loop, validation left out
    pairs_per_cpu_second: float  # the same per CPU second
    device: str  # cpu, cuda or mps


def train(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    parameters: TrainingParameters,
    *,
    encoder: Path | str,
    output: Path,
    on_metrics: OnMetrics | None = None,
) -> TrainingResult:
    """Fine-tune an encoder into a three-label classifier and write its best checkpoint.

    The same inputs, seed, library versions and thread count give bit-equal weights on a CPU.

    Args:
        train: pairs to learn from: columns ``premise``, ``hypothesis``, ``label`` (a name).
        validation: pairs that choose the best weights and may end the training early.
        parameters: every knob of the loop.
        encoder: the folder that ``locate_encoder`` found.
        output: folder of the checkpoint; replaced when it exists.
        on_metrics: called with (name → value, optimiser step).

    Returns:
        The checkpoint's folder, its validation scores, and what it cost.

    Raises:
        ValueError: when a class is absent from training, a label is unknown, a frame is empty,
            the encoder cannot be read, or it takes fewer than ``max_length`` tokens.
        FloatingPointError: when the loss stops being a finite number.
    """
    started = _clocks()
    device = choose_device(parameters.device)
    with own_torch_state(device):
        # ---- seed: the head's weights, dropout, the order of the pairs
        torch.manual_seed(parameters.seed)
        order = np.random.default_rng(parameters.seed)

        # ---- data: tokenised once
        targets = label_positions(train["label"], "training", required=LABELS)
        validation_targets = label_positions(validation["label"], "validation")
        tokenizer = load_tokenizer(encoder)
        encoded = _encode(train, tokenizer, parameters)
        validation_encoded = _encode(validation, tokenizer, parameters)

        # ---- model
        model = load_classifier(encoder, max_length=parameters.max_length).to(device)
        read_first_token_only(model)
        optimiser = make_optimiser(model, parameters)
        best = BestWeights()

        # ---- loop
        steps_per_epoch = math.ceil(len(targets) / parameters.batch_size)
        steps = parameters.epochs * steps_per_epoch
        validations = parameters.epochs * parameters.evaluations_per_epoch
        validate_after = {max(1, steps * k // validations) for k in range(1, validations + 1)}
        labels = torch.from_numpy(targets).to(device)
        losses: list[torch.Tensor] = []
        validating = np.zeros(2)
        pairs, loop_started = 0, _clocks()

        model.train()
        with tqdm(total=steps, desc="Training", unit="step", disable=None) as bar:
            for step, rows in enumerate(_batches(encoded, parameters, order), start=1):
                rate = parameters.learning_rate * rate_factor(step, steps, parameters.warmup_share)
                for group in optimiser.param_groups:
                    group["lr"] = rate
                batch = collate(encoded, rows, pad_id=tokenizer.pad_token_id)
                with mixed_precision(device):
                    logits = model(**{name: t.to(device) for name, t in batch.items()}).logits
                loss = functional.cross_entropy(logits.float(), labels[rows])
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), parameters.max_gradient_norm)
                optimiser.step()
                optimiser.zero_grad()
                losses.append(loss.detach())
                pairs += len(rows)
                bar.update()

                if step % LOSS_EVERY == 0 or step in validate_after:
                    mean_loss = _mean_loss(losses, step)
                    losses.clear()
                    _report(on_metrics, "train", step, loss=mean_loss, learning_rate=rate)
                    bar.set_postfix(loss=mean_loss, macro_f1=best.scores.get("macro_f1"))

                if step in validate_after:
                    paused = _clocks()
                    scores = validate(
                        model, validation_encoded, validation_targets, pad_id=tokenizer.pad_token_id
                    )
                    _report(on_metrics, "validation", step, **scores)
                    best.consider(scores, model)
                    bar.clear()
                    logger.info("Step %d of %d, validation: %s", step, steps, _shown(scores))
                    bar.set_postfix(loss=mean_loss, macro_f1=best.scores["macro_f1"])
                    validating += _clocks() - paused
                    if best.stale_validations == parameters.patience and step < steps:
                        logger.info("Stopped: %d validations without progress", parameters.patience)
                        break
        loop_seconds, loop_cpu_seconds = _clocks() - loop_started - validating

        # ---- checkpoint
        best.restore(model)
        write_checkpoint(model, tokenizer, output)

    seconds, cpu_seconds = _clocks() - started
    return TrainingResult(
        checkpoint=output,
        best_macro_f1=best.scores["macro_f1"],
        best_accuracy=best.scores["accuracy"],
        epochs_run=round(step / steps_per_epoch, 2),
        steps=step,
        seconds=float(seconds),
        cpu_seconds=float(cpu_seconds),
        pairs_per_second=float(pairs / loop_seconds),
        pairs_per_cpu_second=float(pairs / loop_cpu_seconds),
        device=device.type,
    )


def _clocks() -> NDArray[np.float64]:
    """Read both clocks: wall and CPU, in seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def _encode(pairs: pd.DataFrame, tokenizer: Any, parameters: TrainingParameters) -> EncodedPairs:
    """Tokenise a frame's pairs."""
    return encode_pairs(
        pairs["premise"].tolist(),
        pairs["hypothesis"].tolist(),
        tokenizer,
        max_length=parameters.max_length,
    )


def _batches(
    encoded: EncodedPairs, parameters: TrainingParameters, order: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield the row numbers of every batch of every epoch."""
    epochs = (
        bucketed_batches(encoded.lengths, parameters.batch_size, order)
        for _ in range(parameters.epochs)
    )
    return itertools.chain.from_iterable(epochs)


def _mean_loss(losses: list[torch.Tensor], step: int) -> float:
    """Average the losses since the last look, stopping at the first that is not finite."""
    values = torch.stack(losses).cpu()
    broken = torch.nonzero(~torch.isfinite(values)).flatten()
    if len(broken):
        raise FloatingPointError(
            f"The training loss became {values[broken[0]].item()} at step "
            f"{step - len(losses) + 1 + int(broken[0])}. Lower training.learning_rate or raise "
            "training.warmup_share; nothing was written."
        )
    return float(values.mean())


def _report(on_metrics: OnMetrics | None, group: str, step: int, **values: float) -> None:
    """Hand a group of metrics to the caller."""
    if on_metrics is not None:
        on_metrics({f"{group}/{name}": value for name, value in values.items()}, step)


def _shown(scores: Mapping[str, float]) -> str:
    """Write scores as people read them."""
    return ", ".join(f"{name.replace('_', '-')} {value:.3f}" for name, value in scores.items())
