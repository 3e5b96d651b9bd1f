"""Shadow traffic: the candidate answers a share of requests too, for the log only.

It has a queue and a thread of its own, and works only while callers leave capacity; what does not
fit is skipped. No caller waits for it, and none sees it fail.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
import numpy.typing as npt

from nli_lifecycle.serving.log.record import Answered, InferenceLog, LogUnavailable
from nli_lifecycle.serving.model import Served, Source
from nli_lifecycle.serving.settings import ShadowSettings

logger = logging.getLogger(__name__)

CHUNK_PAIRS = 16  # answered at once: a caller who comes meanwhile shares the cores no longer
LOOK_AGAIN = 0.01  # seconds until capacity is looked for again

Pair = tuple[str, str]


@dataclass(frozen=True)
class ShadowStatistics:
    """Requests since the process began.

    Attributes:
        answered: by the candidate, and logged.
        skipped: for want of room or of time.
        failed: by an error of the candidate or of the log.
        queued: pairs that wait.
    """

    answered: int
    skipped: int
    failed: int
    queued: int


@dataclass(frozen=True, eq=False)
class _Request:
    candidate: Served
    pairs: Sequence[Pair]
    request_id: str
    endpoint: str


class Shadow:
    """Lets the candidate answer after the champion did. Use it from one event loop."""

    def __init__(
        self,
        source: Source,
        log: InferenceLog,
        settings: ShadowSettings,
        *,
        spare: Callable[[], bool] = lambda: True,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing runs before the first request.

        Args:
            source: whose candidate answers.
            log: where its answers go.
            settings: the share of requests, and how many pairs may wait.
            spare: whether callers leave capacity at the moment; asked before every chunk.
            draw: a number from 0 to 1 per request; below the share it is answered.
        """
        self._source = source
        self._log = log
        self._settings = settings
        self._spare = spare
        self._draw = draw
        self._queue: deque[_Request] = deque()
        self._queued = 0
        self._answered = self._skipped = self._failed = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def after_answer(
        self,
        served: Served,
        pairs: Sequence[Pair],
        probabilities: npt.NDArray[np.float64],
        request_id: str,
        endpoint: str,
    ) -> None:
        """Take note of an answered request; returns at once and never raises.

        Args:
            served: what answered.
            pairs: premise and hypothesis of each pair.
            probabilities: (pairs, 3), what the caller got; the log has them already.
            request_id: under which the champion's rows are logged.
            endpoint: likewise.
        """
        candidate = self._source.candidate
        if candidate is None or candidate.release.digest == served.release.digest:
            return
        if self._closing or not pairs or self._draw() >= self._settings.share:
            return
        if self._queued + len(pairs) > self._settings.max_queued_pairs:
            self._skipped += 1
            return
        self._queued += len(pairs)
        self._queue.append(_Request(candidate, pairs, request_id, endpoint))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    def statistics(self) -> ShadowStatistics:
        """What was answered, skipped and failed; what waits."""
        return ShadowStatistics(self._answered, self._skipped, self._failed, self._queued)

    async def close(self) -> None:
        """Finish the chunk at hand; skip the rest."""
        self._closing = True
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _work(self) -> None:
        while self._queue:
            request = self._queue.popleft()
            try:
                answered = await self._answer(request)
                self._answered += answered
                self._skipped += not answered
            except Exception as error:  # the candidate is on trial: whatever it does is survived
                self._failed += 1
                said = error if isinstance(error, LogUnavailable) else type(error).__name__
                version = request.candidate.release.version
                logger.warning("Shadow of version %s failed: %s.", version, said)
            finally:
                self._queued -= len(request.pairs)

    async def _answer(self, request: _Request) -> bool:
        """Answer a request in chunks and log it; False where closing came in between."""
        loop = asyncio.get_running_loop()
        chunks, seconds = [], 0.0
        for start in range(0, len(request.pairs), CHUNK_PAIRS):
            while not self._closing and not self._spare():
                await asyncio.sleep(LOOK_AGAIN)
            if self._closing:
                return False
            chunk = request.pairs[start : start + CHUNK_PAIRS]
            found, took = await loop.run_in_executor(self._thread, _classify, request, chunk)
            chunks.append(found)
            seconds += took
        await self._log.record(_rows(request, np.concatenate(chunks), 1_000 * seconds))
        return True


def _classify(request: _Request, pairs: Sequence[Pair]) -> tuple[npt.NDArray[np.float64], float]:
    started = time.perf_counter()
    premises, hypotheses = zip(*pairs)
    found = request.candidate.classifier.predict_proba(premises, hypotheses)
    return found, time.perf_counter() - started


def _rows(
    request: _Request, probabilities: npt.NDArray[np.float64], latency_ms: float
) -> list[Answered]:
    now = datetime.now(timezone.utc)
    return [
        Answered(
            request_id=request.request_id,
            position=position,
            role="shadow",
            time=now,
            endpoint=request.endpoint,
            release=request.candidate.release,
            premise=premise,
            hypothesis=hypothesis,
            probabilities=(float(row[0]), float(row[1]), float(row[2])),
            latency_ms=latency_ms,
        )
        for position, ((premise, hypothesis), row) in enumerate(zip(request.pairs, probabilities))
    ]
