"""Which pairs share a batch: those of near-equal length, so that hardly any padding is computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nli_lifecycle.nli.training.encoding import EncodedPairs
from nli_lifecycle.parameters import TrainingParameters

#: Batches sorted together. Few enough to mix lengths differently in every epoch, many enough
#: that a batch holds near-equal lengths.
BUCKET_BATCHES = 50


def bucketed_batches(
    lengths: NDArray[np.int64], batch_size: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Shuffle rows into batches of near-equal length: one epoch.

    Rows are shuffled, cut into buckets of ``BUCKET_BATCHES`` batches, sorted by length inside
    each bucket, cut into batches, and the batches are shuffled: training sees them in random
    order, and hardly any padding.

    Args:
        lengths: tokens per row.
        batch_size: rows per batch; the shortest bucket may leave one smaller batch.
        rng: decides the order.

    Returns:
        Row numbers of each batch; every row is in exactly one.
    """
    order = rng.permutation(len(lengths))
    bucket = batch_size * BUCKET_BATCHES
    batches: list[NDArray[np.int64]] = []
    for first in range(0, len(order), bucket):
        rows = order[first : first + bucket]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def remaining_batches(
    lengths: NDArray[np.int64], parameters: TrainingParameters, done: int
) -> Iterator[NDArray[np.int64]]:
    """Yield the batches of a training that are still to come.

    Each epoch's order follows from the seed and the epoch's number alone, so that a training that
    goes on sees the batches that it would have seen.

    Args:
        lengths: tokens per row.
        parameters: epochs, batch size and seed.
        done: batches that training has seen.

    Yields:
        Row numbers of each batch.
    """
    per_epoch = math.ceil(len(lengths) / parameters.batch_size)
    for epoch in range(done // per_epoch, parameters.epochs):
        order = np.random.default_rng([parameters.seed, epoch])
        batches = bucketed_batches(lengths, parameters.batch_size, order)
        yield from batches[max(0, done - epoch * per_epoch) :]


def sorted_batches(lengths: NDArray[np.int64], batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Cut rows into batches by length, longest first: the cheapest way to see each row once.

    Args:
        lengths: tokens per row.
        batch_size: rows per batch.

    Yields:
        Row numbers of each batch; the longest comes first, so that memory runs out early or never.
    """
    order = np.argsort(-lengths, kind="stable")
    for first in range(0, len(order), batch_size):
        yield order[first : first + batch_size]


def collate(
    encoded: EncodedPairs, windows: NDArray[np.int64], *, pad_id: int
) -> dict[str, torch.Tensor]:
    """Pad some windows to the longest of them.

    Args:
        encoded: all pairs.
        windows: which windows make the batch; of pairs with one each, the pairs' own numbers.
        pad_id: the tokenizer's padding id.

    Returns:
        ``input_ids``, ``attention_mask`` and, where the encoder wants them, ``token_type_ids``:
        int64, (windows, longest window).
    """
    starts, stops = encoded.starts[windows], encoded.starts[windows + 1]
    lengths = stops - starts
    mask = np.arange(lengths.max()) < lengths[:, None]
    positions = np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)])

    def padded(values: NDArray[Any], padding: int) -> torch.Tensor:
        block = np.full(mask.shape, padding, dtype=np.int64)
        block[mask] = values[positions]
        return torch.from_numpy(block)

    batch = {
        "input_ids": padded(encoded.input_ids, pad_id),
        "attention_mask": torch.from_numpy(mask.astype(np.int64)),
    }
    if encoded.type_ids is not None:
        batch["token_type_ids"] = padded(encoded.type_ids, 0)
    return batch
