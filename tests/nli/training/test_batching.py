"""Every pair is seen once an epoch, with hardly any padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.nli.training.batching import bucketed_batches, collate, sorted_batches
from nli_lifecycle.nli.training.encoding import EncodedPairs

LENGTHS = st.lists(st.integers(3, 256), min_size=1, max_size=400).map(np.array)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_row_is_in_exactly_one_batch(lengths: np.ndarray, batch_size: int, seed: int) -> None:
    for batches in (
        bucketed_batches(lengths, batch_size, np.random.default_rng(seed)),
        list(sorted_batches(lengths, batch_size)),
    ):
        assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
        assert max(map(len, batches)) <= batch_size
        assert len(batches) == -(-len(lengths) // batch_size)


def _padding_share(lengths: np.ndarray, batches: list[np.ndarray]) -> float:
    computed = sum(len(rows) * lengths[rows].max() for rows in batches)
    return 1 - lengths.sum() / computed


def test_buckets_waste_little_where_plain_shuffling_wastes_much() -> None:
    rng = np.random.default_rng(0)
    # As in SICK: 23 tokens on average, a long tail.
    lengths = np.clip(rng.gamma(8, 2.9, size=4_439).astype(int), 8, 60)
    shuffled = np.array_split(rng.permutation(len(lengths)), len(lengths) // 32)
    assert _padding_share(lengths, shuffled) > 0.35
    assert _padding_share(lengths, bucketed_batches(lengths, 32, rng)) < 0.03


def test_epochs_differ_and_the_seed_decides() -> None:
    lengths = np.arange(100) % 17 + 3
    rng = np.random.default_rng(5)
    first, second = (np.concatenate(bucketed_batches(lengths, 8, rng)) for _ in range(2))
    again = np.concatenate(bucketed_batches(lengths, 8, np.random.default_rng(5)))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, again)


def test_batches_do_not_come_in_order_of_length() -> None:
    lengths = np.arange(1_000) % 200 + 3
    batches = bucketed_batches(lengths, 10, np.random.default_rng(0))
    means = [lengths[rows].mean() for rows in batches]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3


def test_validation_starts_with_the_longest() -> None:
    batches = sorted_batches(np.array([5, 9, 7, 3]), 3)
    assert [rows.tolist() for rows in batches] == [[1, 2, 0], [3]]


PAIRS = EncodedPairs(
    input_ids=np.array([2, 7, 3, 2, 8, 9, 3, 2, 3], dtype=np.int32),
    type_ids=np.array([0, 1, 1, 0, 0, 1, 1, 0, 1], dtype=np.int8),
    starts=np.array([0, 3, 7, 9]),
)


def test_rows_are_padded_to_the_longest_of_the_batch() -> None:
    batch = collate(PAIRS, np.array([2, 0]), pad_id=99)
    assert batch["input_ids"].tolist() == [[2, 3, 99], [2, 7, 3]]
    assert batch["token_type_ids"].tolist() == [[0, 1, 0], [0, 1, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert {tensor.dtype for tensor in batch.values()} == {torch.int64}


@pytest.mark.parametrize("rows", [[0], [1, 1], [2, 1, 0]])
def test_encoder_without_token_types_gets_none(rows: list[int]) -> None:
    without = EncodedPairs(PAIRS.input_ids, None, PAIRS.starts)
    assert set(collate(without, np.array(rows), pad_id=0)) == {"input_ids", "attention_mask"}
