"""Fine-tuning: an encoder and labelled pairs in, a Hugging Face checkpoint out.

``train`` reads top to bottom: seed, data, model, progress, loop, checkpoint. It knows no experiment
tracker: curves leave through the ``on_metrics`` callback.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.batching import remaining_batches
from nli_lifecycle.nli.training.checkpoint import load_classifier, write_checkpoint
from nli_lifecycle.nli.training.costs import peak_memory_mb, read_clocks
from nli_lifecycle.nli.training.devices import choose_device, own_torch_state, suits_bfloat16
from nli_lifecycle.nli.training.dropout import draw_bits_on_cpu
from nli_lifecycle.nli.training.encoding import (
    EncodedPairs,
    encode_pairs,
    label_positions,
    load_tokenizer,
)
from nli_lifecycle.nli.training.first_token import read_first_token_only
from nli_lifecycle.nli.training.freezing import freeze
from nli_lifecycle.nli.training.objective import Objective, RecentLosses
from nli_lifecycle.nli.training.optimisation import BestWeights, make_optimiser, rate_factor
from nli_lifecycle.nli.training.progress import restore_progress, save_progress
from nli_lifecycle.nli.training.ranks import ALONE, Ranks
from nli_lifecycle.nli.training.stepping import Stepper
from nli_lifecycle.nli.training.validation import validate
from nli_lifecycle.nli.training.vocabulary import Vocabulary
from nli_lifecycle.parameters import TrainingParameters

logger = logging.getLogger(__name__)

OnMetrics = Callable[[Mapping[str, float], int], None]

#: Steps between looks at the loss: on a GPU each look waits for all the work queued before it.
LOSS_EVERY = 10


@dataclass(frozen=True)
class TrainingResult:
    """What a training brought, and what it cost, counted from its first start."""

    checkpoint: Path  # folder of the best weights
    best_macro_f1: float  # on the validation pairs
    best_accuracy: float  # of the same weights
    epochs_run: float  # passes over the training pairs; fewer than asked after an early stop
    steps: int  # optimiser steps
    resumed_at: int  # step from which an interrupted training went on; 0: it was not
    seconds: float  # wall clock of the whole call
    cpu_seconds: float  # CPU time of the whole call, all threads of this process
    pairs_per_second: float  # training pairs per wall-clock second of the loop, validation left out
    pairs_per_cpu_second: float  # the same per CPU second
    peak_memory_mb: float  # 2^20 bytes held at most by this process; on a GPU, of the GPU's memory
    device: str  # cpu, cuda or mps
    processes: int  # that trained together


def train(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    parameters: TrainingParameters,
    *,
    encoder: Path | str,
    output: Path,
    progress: Path | None = None,
    on_metrics: OnMetrics | None = None,
    ranks: Ranks = ALONE,
) -> TrainingResult:
    """Fine-tune an encoder into a three-label classifier and write its best checkpoint.

    The same inputs, seed, library versions and thread count give bit-equal weights on a CPU, also
    where the training was cut off on the way.

    Args:
        train: pairs to learn from: columns ``premise``, ``hypothesis``, ``label`` (a name).
        validation: pairs that choose the best weights and may end the training early.
        parameters: every knob of the loop.
        encoder: the folder that ``locate_encoder`` found.
        output: folder of the checkpoint; replaced when it exists.
        progress: folder of checkpoints on the way, for a training with these inputs and no other:
            it goes on from the last one there. None: none are written.
        on_metrics: called with (name → value, optimiser step), in process 0 only.
        ranks: which of several processes that call this together it is.

    Returns:
        The checkpoint's folder, its validation scores, and what it cost.

    Raises:
        ValueError: when a class is absent from training, a label is unknown, a frame is empty,
            the encoder cannot be read, or it takes fewer than ``max_length`` tokens.
        FloatingPointError: when the loss stops being a finite number.
        MemoryError: when not even one pair fits.
    """
    started = read_clocks()
    device = choose_device(parameters.device)
    with own_torch_state(device):
        # ---- seed: the head's weights, dropout
        torch.manual_seed(parameters.seed)
        random = np.random.default_rng(parameters.seed)

        # ---- data: tokenised once
        targets = label_positions(train["label"], "training", required=LABELS)
        validation_targets = label_positions(validation["label"], "validation")
        tokenizer = load_tokenizer(encoder)
        pad_id = tokenizer.pad_token_id
        encoded, validation_encoded = (
            _encode(pairs, tokenizer, parameters) for pairs in (train, validation)
        )
        vocabulary = Vocabulary(pad_id, encoded, validation_encoded)
        encoded, validation_encoded = map(vocabulary.number, (encoded, validation_encoded))

        # ---- model
        model = load_classifier(encoder, max_length=parameters.max_length).to(device)
        read_first_token_only(model)
        vocabulary.cut(model)
        draw_bits_on_cpu(model, device, random)
        freeze(model, parameters.frozen_layers)
        optimiser = make_optimiser(model, parameters)
        objective = Objective(targets, parameters, device)
        best = BestWeights()

        # ---- progress: how far an interrupted training had come
        done = restore_progress(progress, model, optimiser, best, random)
        resumed_at, earlier = done.step, done.total
        ranks.diversify(parameters.seed, done.step, random)
        bfloat16 = suits_bfloat16(model, device, parameters.precision)
        stepper = Stepper(
            ranks.wrap(model), optimiser, encoded, objective, parameters, pad_id, ranks, bfloat16
        )
        recent = RecentLosses(train.get("pair_id"), ranks)

        # ---- loop
        steps_per_epoch = math.ceil(len(targets) / parameters.batch_size)
        steps = parameters.epochs * steps_per_epoch
        validations = parameters.epochs * parameters.evaluations_per_epoch
        validate_after = {max(1, steps * k // validations) for k in range(1, validations + 1)}
        finished = best.stale_validations == parameters.patience
        batches = remaining_batches(encoded.lengths, parameters, steps if finished else done.step)

        model.train()
        with tqdm(
            total=steps, initial=done.step, desc="Training", unit="step", disable=_quiet(ranks)
        ) as bar:
            went_on = read_clocks()
            for rows in batches:
                done.step += 1
                rate = parameters.learning_rate * rate_factor(
                    done.step, steps, parameters.warmup_share
                )
                recent.add(stepper.step(rows, rate), rows)
                done.pairs += len(rows)
                bar.update()

                validating = done.step in validate_after
                pausing = validating or done.step % parameters.checkpoint_steps == 0
                if done.step % LOSS_EVERY == 0 or pausing:
                    loss = recent.look(done.step)
                    if ranks.first:
                        _report(on_metrics, "train", done.step, loss=loss, learning_rate=rate)
                    bar.set_postfix(loss=loss, macro_f1=best.scores.get("macro_f1"))
                if not pausing:
                    continue

                done.loop += read_clocks() - went_on
                if validating and ranks.first:
                    found = validate(model, validation_encoded, validation_targets, pad_id=pad_id)
                    _report(on_metrics, "validation", done.step, **found)
                    best.consider(found, model)
                    bar.clear()
                    logger.info("Step %d of %d, validation: %s", done.step, steps, _shown(found))
                if progress is not None and ranks.first:
                    done.total = earlier + read_clocks() - started
                    save_progress(progress, done, model, optimiser, best, random)
                if ranks.agree(best.stale_validations) == parameters.patience:
                    if done.step < steps:
                        logger.info("Stopped: %d validations without progress", parameters.patience)
                    break
                went_on = read_clocks()

        # ---- checkpoint
        scores = ranks.agree(best.scores)
        if ranks.first:
            best.restore(model)
            vocabulary.fill_up(model)
            write_checkpoint(model, tokenizer, output)

    total = earlier + read_clocks() - started
    return TrainingResult(
        checkpoint=output,
        best_macro_f1=scores["macro_f1"],
        best_accuracy=scores["accuracy"],
        epochs_run=round(done.step / steps_per_epoch, 2),
        steps=done.step,
        resumed_at=resumed_at,
        seconds=total.seconds,
        cpu_seconds=total.cpu_seconds,
        pairs_per_second=done.pairs / done.loop.seconds,
        pairs_per_cpu_second=done.pairs / done.loop.cpu_seconds,
        peak_memory_mb=peak_memory_mb(device),
        device=device.type,
        processes=ranks.size,
    )


def _encode(pairs: pd.DataFrame, tokenizer: Any, parameters: TrainingParameters) -> EncodedPairs:
    """Tokenise a frame's pairs."""
    return encode_pairs(
        pairs["premise"].tolist(),
        pairs["hypothesis"].tolist(),
        tokenizer,
        max_length=parameters.max_length,
        overlap=parameters.overlap,
    )


def _quiet(ranks: Ranks) -> bool | None:
    """Whether to hide the bar; None: where there is no terminal."""
    return None if ranks.first else True


def _report(on_metrics: OnMetrics | None, group: str, step: int, **values: float) -> None:
    """Hand a group of metrics to the caller."""
    if on_metrics is not None:
        on_metrics({f"{group}/{name}": value for name, value in values.items()}, step)


def _shown(scores: Mapping[str, float]) -> str:
    """Write scores as people read them."""
    return ", ".join(f"{name.replace('_', '-')} {value:.3f}" for name, value in scores.items())
