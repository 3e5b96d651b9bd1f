"""Answers pairs of different requests together, batch after batch.

Batches are continuous: a worker that gets free takes what has queued meanwhile, so that batches
grow with the load and nobody waits for company at rest.

    requests ─► FairQueue ─► worker thread 1: batch ─► answers ─► requests
                        └──► worker thread 2: batch ─►
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from nli_lifecycle.serving.batching.batch import Answer, answer
from nli_lifecycle.serving.batching.errors import Closed, Overloaded, Unanswerable
from nli_lifecycle.serving.batching.queue import FairQueue, Pair, Portion, Waiting
from nli_lifecycle.serving.model import Served
from nli_lifecycle.serving.settings import BatchingSettings
from nli_lifecycle.serving.texts import check_texts

SMOOTHING = 0.1  # share of the last batch in the estimate of the speed

#: What a finished batch tells: pairs, estimated tokens, seconds in its worker.
OnBatch = Callable[[int, int, float], None]


class Batcher:
    """Micro-batching over worker threads. Use it from one event loop only.

    Attributes:
        on_batch: told of every finished batch; None: nobody.
    """

    def __init__(self, settings: BatchingSettings) -> None:
        self.on_batch: OnBatch | None = None
        self._settings = settings
        self._queue = FairQueue()
        self._workers = self._free = settings.workers or _cores()
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="batch")
        self._timer: asyncio.Handle | None = None
        self._waits = False  # whether the timer waits for company
        self._closing = False
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._tokens_per_s = 0.0  # of one worker; 0: unknown yet

    @property
    def queued_pairs(self) -> int:
        """Pairs that no batch has taken yet."""
        return self._queue.pairs

    @property
    def spare(self) -> bool:
        """Whether a worker has nothing to do."""
        return self._free > 0 and not self._queue.pairs

    async def classify(
        self, served: Served, pairs: Sequence[Pair], deadline: float
    ) -> npt.NDArray[np.float64]:
        """Answer a request's pairs, all by the same model.

        A caller that is cancelled takes its queued pairs back.

        Args:
            served: the model that answers.
            pairs: n pairs of premise and hypothesis.
            deadline: when to give up, by the event loop's clock.

        Returns:
            Probabilities (n, 3) in the order of ``nli.inference.LABELS``.

        Raises:
            TypeError, ValueError: a text is no valid text, naming its place.
            Overloaded: too many pairs are waiting.
            Closed: the batcher is closing.
            TimeoutError: the deadline passed.
            Unanswerable: the model failed on these pairs.
        """
        check_texts(pairs)
        if self._closing:
            raise Closed("The service is shutting down.")
        if not pairs:
            return np.empty((0, 3))
        queued = self._queue.pairs
        if queued and queued + len(pairs) > self._settings.max_queued_pairs:
            raise Overloaded(self._seconds_to_empty())
        waiting = Waiting(served, pairs, asyncio.get_running_loop().create_future())
        self._queue.add(waiting)
        self._quiet.clear()
        self._schedule()
        try:
            async with asyncio.timeout_at(deadline):
                return await waiting.future
        finally:
            if waiting.taken < len(pairs):
                self._queue.drop(waiting)
                self._rest()

    async def close(self) -> None:
        """Finish what was taken in, and refuse what comes; returns when all is answered."""
        self._closing = True
        await self._quiet.wait()
        self._pool.shutdown(wait=False)

    def _seconds_to_empty(self) -> float:
        if not self._tokens_per_s:
            return 1.0
        return max(1.0, math.ceil(self._queue.tokens / self._tokens_per_s / self._workers))

    def _schedule(self) -> None:
        """Dispatch after this turn of the event loop, in which more requests may arrive."""
        if not self._free:
            return
        idle = self._free == self._workers and not self._closing
        full = self._queue.tokens >= self._settings.max_tokens
        wait_s = self._settings.max_wait_ms / 1000 if idle and not full else 0.0
        if self._timer is not None:
            if wait_s or not self._waits:
                return
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._waits = wait_s > 0
        if wait_s:
            self._timer = loop.call_later(wait_s, self._dispatch)
        else:
            self._timer = loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        """Give every free worker a batch, the tokens shared out evenly among them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self._free and self._queue.pairs:
            budget = min(self._settings.max_tokens, -(-self._queue.tokens // self._free))
            batch = self._queue.take(budget)
            self._free -= 1
            self._pool.submit(self._work, batch, loop)

    def _work(self, batch: list[Portion], loop: asyncio.AbstractEventLoop) -> None:
        """Answer a batch, in a worker thread."""
        begun = time.perf_counter()
        answers = answer(batch)
        loop.call_soon_threadsafe(self._finish, batch, answers, time.perf_counter() - begun)

    def _finish(self, batch: list[Portion], answers: list[Answer], seconds: float) -> None:
        """Hand a batch's answers to their requests."""
        self._free += 1
        for portion, answered in zip(batch, answers):
            self._deliver(portion, answered)
        tokens = sum(sum(portion.tokens) for portion in batch)
        speed = tokens / max(seconds, 1e-9)
        self._tokens_per_s += (SMOOTHING if self._tokens_per_s else 1) * (
            speed - self._tokens_per_s
        )
        if self.on_batch is not None:
            self.on_batch(sum(part.stop - part.start for part in batch), tokens, seconds)
        if self._queue.pairs:
            self._dispatch()
        self._rest()

    def _deliver(self, portion: Portion, answered: Answer) -> None:
        waiting = portion.waiting
        if waiting.future.done():  # cancelled, too late, or failed in another batch
            return
        if isinstance(answered, Exception):
            waiting.future.set_exception(Unanswerable("The model failed on these pairs."))
            return
        waiting.answers[portion.start : portion.stop] = answered
        waiting.answered += portion.stop - portion.start
        if waiting.answered == len(waiting.pairs):
            waiting.future.set_result(waiting.answers)

    def _rest(self) -> None:
        if self._free == self._workers and not self._queue.pairs:
            self._quiet.set()


def _cores() -> int:
    """Those that this process may use; OMP_NUM_THREADS says nothing about batches side by side."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
