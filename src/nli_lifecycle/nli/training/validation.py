"""Scores of a model in training on the validation pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from nli_lifecycle.nli.training.batching import collate, sorted_batches
from nli_lifecycle.nli.training.encoding import EncodedPairs
from nli_lifecycle.nli.training.pooling import pool
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.measures import confusion_matrix

#: Windows per validation batch: without gradients more fit than in training.
BATCH_WINDOWS = 64


def validate(
    model: Any, encoded: EncodedPairs, targets: NDArray[np.int64], *, pad_id: int
) -> dict[str, float]:
    """Score a model on labelled pairs, sorted by length so that it costs little.

    Args:
        model: the classifier; left in training mode if it was.
        encoded: the pairs.
        targets: their labels as positions in ``LABELS``.
        pad_id: the tokenizer's padding id.

    Returns:
        ``accuracy`` and ``macro_f1`` in [0, 1], and ``loss`` (cross entropy, nats).
    """
    was_training = model.training
    model.eval()
    by_window = torch.empty(len(encoded.window_lengths), len(LABELS))
    with torch.inference_mode():
        for windows in sorted_batches(encoded.window_lengths, BATCH_WINDOWS):
            batch = collate(encoded, windows, pad_id=pad_id)
            on_device = {name: tensor.to(model.device) for name, tensor in batch.items()}
            by_window[windows] = model(**on_device).logits.float().cpu()
    model.train(was_training)
    logits = pool(by_window, encoded.windows(np.arange(len(targets)))[1])
    predictions = logits.argmax(dim=1).numpy()
    return {
        "accuracy": float(np.mean(predictions == targets)),
        "macro_f1": macro_f1(targets, predictions),
        "loss": float(functional.cross_entropy(logits, torch.from_numpy(targets))),
    }


def macro_f1(targets: NDArray[np.int64], predictions: NDArray[np.int64]) -> float:
    """Average the F1 of the three labels; a label that never occurs counts 0.

    Args:
        targets: true positions in ``LABELS``.
        predictions: predicted ones.

    Returns:
        Macro-F1 in [0, 1].
    """
    counts = confusion_matrix(targets, predictions)
    mentions = counts.sum(axis=0) + counts.sum(axis=1)  # (3,) = 2 TP + FP + FN
    return float(np.mean(2 * counts.diagonal() / np.maximum(mentions, 1)))
