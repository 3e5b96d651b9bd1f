"""Batching: answers as one at a time, in batches that grow with the load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from gated import FAR, Array, Gated, batcher, begun, gate_of, run, until
from hypothesis import given, settings
from hypothesis import strategies as st
from running_service import serve
from tiny_bundle import make_tiny_payload

from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.model import Served

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
