"""Batching: answers as one at a time, whatever else is asked, goes wrong or is given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_service import RELEASE, serve
from tiny_bundle import make_tiny_payload

from nli_lifecycle.serving.batching.batcher import Batcher
from nli_lifecycle.serving.batching.errors import Closed, Overloaded, Unanswerable
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.model import Served
from nli_lifecycle.serving.settings import BatchingSettings

Array = npt.NDArray[np.float64]
FAR = 1e12  # a deadline
POISON = "what breaks the model"


@dataclass
class Gated:
    """A classifier that waits to be let on, notes its batches and chokes on one text."""

    inner: Any
    gate: threading.Event = field(default_factory=threading.Event)
    batches: list[list[str]] = field(default_factory=list)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def predict_proba(self, premises: Iterable[str], hypotheses: Iterable[str]) -> Array:
        """As the inner one, once the gate is open."""
        texts = list(premises)
        self.batches.append(texts)
        self.begun.release()
        assert self.gate.wait(30)
        if POISON in texts:
            raise RuntimeError(POISON)
        answers: Array = self.inner.predict_proba(texts, list(hypotheses))
        return answers


@pytest.fixture
def gated(served: Served) -> Gated:
    """The tiny classifier behind a gate."""
    return Gated(served.classifier)


def gate_of(gated: Gated, release: Release = RELEASE) -> Served:
    """What serves it."""
    return Served(release, gated, Path("unused"))  # type: ignore[arg-type]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine; none takes long."""
    return asyncio.run(asyncio.wait_for(work, 60))


def batcher(**changes: Any) -> Batcher:
    """A batcher of one worker, where nothing else is said."""
    return Batcher(BatchingSettings.model_validate({"workers": 1, **changes}))


async def begun(gated: Gated) -> None:
    """Wait until a worker has a batch in hands."""
    await asyncio.to_thread(gated.begun.acquire)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    while not condition():
        await asyncio.sleep(0.001)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
REQUESTS = st.lists(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=7), min_size=1, max_size=12
)


@settings(max_examples=25, deadline=None)
@given(requests=REQUESTS, workers=st.integers(1, 3), max_tokens=st.sampled_from([1, 20, 4096]))
def test_any_mix_is_answered_as_one_at_a_time(
    served: Served, requests: list[list[tuple[str, str]]], workers: int, max_tokens: int
) -> None:
    """Whatever pairs come together, in whatever portions, each gets the answer it gets alone."""

    async def ask() -> list[Array]:
        shared = batcher(workers=workers, max_tokens=max_tokens)
        answers = await asyncio.gather(*(shared.classify(served, r, FAR) for r in requests))
        await shared.close()
        return answers

    for request, answers in zip(requests, run(ask())):
        alone = [served.classifier.predict_proba([p], [h])[0] for p, h in request]
        np.testing.assert_allclose(answers, alone, atol=1e-6)


def test_what_queues_behind_a_batch_is_answered_together(gated: Gated) -> None:
    """A worker that gets free takes everything that has queued, of several requests."""

    async def ask() -> None:
        shared, served = batcher(), gate_of(gated)
        first = asyncio.create_task(shared.classify(served, [("a", "b")], FAR))
        await begun(gated)
        others = [asyncio.create_task(shared.classify(served, [(c, "b")], FAR)) for c in "cde"]
        await until(lambda: shared.queued_pairs == 3)
        gated.gate.set()
        await asyncio.gather(first, *others)

    run(ask())
    assert gated.batches == [["a"], ["c", "d", "e"]]


def test_an_idle_batcher_waits_for_company_only_if_told(gated: Gated) -> None:
    """With max_wait_ms, requests that arrive one after the other share a batch."""
    gated.gate.set()

    async def ask() -> None:
        shared, served = batcher(max_wait_ms=300), gate_of(gated)
        first = asyncio.create_task(shared.classify(served, [("a", "b")], FAR))
        await asyncio.sleep(0.02)
        await asyncio.gather(first, shared.classify(served, [("c", "b")], FAR))

    run(ask())
    assert gated.batches == [["a", "c"]]


def test_a_full_batch_does_not_wait_for_company(gated: Gated) -> None:
    """As soon as it is full, it goes."""
    gated.gate.set()

    async def ask() -> None:
        shared = batcher(max_wait_ms=50_000, max_tokens=8)
        await shared.classify(gate_of(gated), [("a", "b"), ("c", "d"), ("e", "f")], FAR)

    run(ask())
    assert gated.batches[0] == ["a", "c"]


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


def test_a_thousand_pairs_are_answered_as_one_at_a_time(served: Served) -> None:
    """Portions come back to their places."""
    pairs = [(f"{number} red dogs", f"{number % 7} cats") for number in range(1000)]

    async def ask() -> Array:
        shared = batcher(workers=2, max_tokens=300)
        other = shared.classify(served, pairs[::-1], FAR)
        answers, reverse = await asyncio.gather(shared.classify(served, pairs, FAR), other)
        np.testing.assert_allclose(answers, reverse[::-1], atol=1e-6)
        return answers

    alone = [served.classifier.predict_proba([p], [h])[0] for p, h in pairs[::50]]
    np.testing.assert_allclose(run(ask())[::50], alone, atol=1e-6)


def test_each_request_is_answered_by_the_model_it_was_given(served: Served, tmp_path: Path) -> None:
    """Two models at once, as during a swap: never a mix, not even in a request of many batches."""
    new = serve(make_tiny_payload(tmp_path / "new", seed=5), Release("m", "4", "f" * 64, 8))
    pairs = [(f"{number} dogs run", "a cat eats") for number in range(60)]

    async def ask() -> None:
        shared = batcher(workers=2, max_tokens=60)
        models = [served, new] * 6
        answers = await asyncio.gather(*(shared.classify(m, pairs, FAR) for m in models))
        for model, answer in zip(models, answers):
            expected = model.classifier.predict_proba(*zip(*pairs))
            np.testing.assert_allclose(answer, expected, atol=1e-6)

    run(ask())


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


def test_spare_says_whether_callers_leave_capacity(gated: Gated) -> None:
    """For shadow traffic, which must not slow anybody down."""

    async def ask() -> None:
        shared, served = batcher(), gate_of(gated)
        assert shared.spare
        asked = asyncio.create_task(shared.classify(served, [("a", "b")], FAR))
        await begun(gated)
        assert not shared.spare
        gated.gate.set()
        await asked
        assert shared.spare

    run(ask())


def test_idle_workers_share_the_tokens(gated: Gated) -> None:
    """A large request is answered by all of them at once."""
    gated.gate.set()

    async def ask() -> None:
        await batcher(workers=2).classify(gate_of(gated), [("a", "b")] * 10, FAR)

    run(ask())
    assert sorted(map(len, gated.batches)) == [5, 5]
