"""Batching when there is too much, too late, given up or broken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import numpy as np
import pytest
from gated import FAR, POISON, Array, Gated, batcher, begun, gate_of, run, until

from nli_lifecycle.serving.batching.errors import Closed, Overloaded, Unanswerable
from nli_lifecycle.serving.model import Served


def test_a_large_request_lets_small_ones_pass(gated: Gated) -> None:
    """A single pair waits for no more than the batch that is running, not for a thousand pairs."""
    pairs = [(f"{number} dogs run", "a dog runs") for number in range(1000)]

    async def ask() -> None:
        shared, served = batcher(max_tokens=512), gate_of(gated)
        large = asyncio.create_task(shared.classify(served, pairs, FAR))
        await begun(gated)
        small = asyncio.create_task(shared.classify(served, [("me", "too")], FAR))
        await until(lambda: shared.queued_pairs > 1000 - len(gated.batches[0]))
        gated.gate.set()
        answers, _ = await large, await small
        assert not np.isnan(answers).any()

    run(ask())
    assert "me" in gated.batches[1]
    assert len(gated.batches) > 3
    assert sum(map(len, gated.batches)) == 1001


def test_a_full_queue_refuses_and_says_when_to_come_back(gated: Gated) -> None:
    """What is queued is answered all the same."""

    async def ask() -> None:
        shared, served = batcher(max_queued_pairs=3), gate_of(gated)
        running = asyncio.create_task(shared.classify(served, [("a", "b")], FAR))
        await begun(gated)
        queued = asyncio.create_task(shared.classify(served, [("c", "d")] * 2, FAR))
        await until(lambda: shared.queued_pairs == 2)
        with pytest.raises(Overloaded) as refused:
            await shared.classify(served, [("e", "f")] * 2, FAR)
        assert refused.value.retry_after_s >= 1
        gated.gate.set()
        assert (await running).shape == (1, 3)
        assert (await queued).shape == (2, 3)

    run(ask())


def test_a_request_larger_than_the_queue_is_taken_while_it_is_empty(served: Served) -> None:
    """Otherwise it could never be answered."""

    async def ask() -> Array:
        answers: Array = await batcher(max_queued_pairs=1).classify(served, [("a", "b")] * 5, FAR)
        return answers

    assert run(ask()).shape == (5, 3)


def test_a_deadline_takes_the_queued_pairs_back(gated: Gated) -> None:
    """Late answers are not computed for nobody."""

    async def ask() -> None:
        shared, served = batcher(), gate_of(gated)
        running = asyncio.create_task(shared.classify(served, [("a", "b")], FAR))
        await begun(gated)
        with pytest.raises(TimeoutError):
            soon = asyncio.get_running_loop().time() + 0.02
            await shared.classify(served, [("late", "b")], soon)
        assert shared.queued_pairs == 0
        gated.gate.set()
        await running
        await shared.close()

    run(ask())
    assert gated.batches == [["a"]]


def test_a_cancelled_request_leaves_the_queue(gated: Gated) -> None:
    """Also when a part of it is being answered at the moment."""

    async def ask() -> None:
        shared, served = batcher(max_tokens=8), gate_of(gated)
        large = asyncio.create_task(shared.classify(served, [("a", "b")] * 50, FAR))
        await begun(gated)
        other = asyncio.create_task(shared.classify(served, [("c", "d")], FAR))
        await until(lambda: shared.queued_pairs > 48)
        large.cancel()
        with pytest.raises(asyncio.CancelledError):
            await large
        assert shared.queued_pairs == 1
        gated.gate.set()
        assert (await other).shape == (1, 3)
        await shared.close()

    run(ask())
    assert gated.batches == [["a", "a"], ["c"]]


def test_one_requests_failure_is_not_its_neighbours(gated: Gated) -> None:
    """A batch that fails is answered again, request by request."""

    async def ask() -> None:
        shared, served = batcher(), gate_of(gated)
        first = asyncio.create_task(shared.classify(served, [("a", "b")], FAR))
        await begun(gated)
        requests = [[("c", "d")], [(POISON, "b")], [("e", "f")] * 2]
        others = [asyncio.create_task(shared.classify(served, r, FAR)) for r in requests]
        await until(lambda: shared.queued_pairs == 4)
        gated.gate.set()
        await first
        good, bad, also_good = await asyncio.gather(*others, return_exceptions=True)
        assert isinstance(bad, Unanswerable) and POISON not in str(bad)
        assert isinstance(good, np.ndarray) and isinstance(also_good, np.ndarray)
        expected = gated.inner.predict_proba(["c"], ["d"])
        np.testing.assert_allclose(good, expected, atol=1e-6)
        assert (await shared.classify(served, [("g", "h")], FAR)).shape == (1, 3)

    run(ask())


@pytest.mark.parametrize(
    ("text", "error"), [("secret \ud83d", ValueError), (3, TypeError), (None, TypeError)]
)
def test_what_is_no_text_never_enters_a_batch(served: Served, text: Any, error: type) -> None:
    """It is refused by its place, without being quoted."""

    async def ask() -> None:
        await batcher().classify(served, [("a", "b"), ("c", text)], FAR)

    with pytest.raises(error, match="Row 1: hypothesis") as refused:
        run(ask())
    assert "secret" not in str(refused.value)


def test_no_pairs_are_no_rows(served: Served) -> None:
    """Nothing is computed for nothing."""
    assert run(batcher().classify(served, [], FAR)).shape == (0, 3)


def test_closing_finishes_what_was_taken_in(gated: Gated) -> None:
    """And refuses what comes after."""

    async def ask() -> None:
        shared, served = batcher(max_tokens=8), gate_of(gated)
        asked: Awaitable[Array] = asyncio.create_task(
            shared.classify(served, [("a", "b")] * 9, FAR)
        )
        await begun(gated)
        closing = asyncio.create_task(shared.close())
        await asyncio.sleep(0.01)
        assert not closing.done()
        with pytest.raises(Closed):
            await shared.classify(served, [("late", "b")], FAR)
        gated.gate.set()
        await closing
        assert (await asked).shape == (9, 3)

    run(ask())
