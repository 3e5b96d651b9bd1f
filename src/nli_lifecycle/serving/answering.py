"""From a request's pairs to their answers: admitted, batched, logged, and only then given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Protocol

import numpy as np
import numpy.typing as npt
from starlette.requests import ClientDisconnect, Request

from nli_lifecycle.serving.batching.batcher import Batcher
from nli_lifecycle.serving.batching.errors import Closed, Overloaded, Unanswerable
from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.log.record import Answered, InferenceLog, LogUnavailable
from nli_lifecycle.serving.model import Served, Source
from nli_lifecycle.serving.problems import Problem, unavailable
from nli_lifecycle.serving.settings import ServingSettings

Pairs = Sequence[tuple[str, str]]
Probabilities = npt.NDArray[np.float64]


class Afterwards(Protocol):
    """Who is told of every answer after it was logged, just before it is given."""

    def after_answer(
        self,
        served: Served,
        pairs: Pairs,
        probabilities: Probabilities,
        request_id: str,
        endpoint: str,
    ) -> None:
        """Take note of an answer; must not block, and must not raise."""

    async def close(self) -> None:
        """End what was begun."""


class Answering:
    """What every predicting endpoint does between parsing and wording."""

    def __init__(
        self,
        settings: ServingSettings,
        source: Source,
        batcher: Batcher,
        log: InferenceLog | None,
        shadow: Afterwards | None,
    ) -> None:
        self.settings = settings
        self._source = source
        self._batcher = batcher
        self._log = log
        self._shadow = shadow

    def begin(self, request: Request) -> Served:
        """Choose the model that answers all of a request; its headers name it from here on.

        Raises:
            Problem: 503 before there is a model.
        """
        served = self._source.served
        if served is None:
            raise unavailable("No model has been released yet.", self.settings.follow.poll_s)
        Exchange.of(request.scope).release = served.release
        return served

    async def answer(self, request: Request, served: Served, pairs: Pairs) -> Probabilities:
        """Answer the pairs of a request whose body has been read.

        Args:
            request: whose pairs they are; when its caller goes away, they are dropped.
            served: what ``begin`` gave.
            pairs: n pairs that ``admit`` let in.

        Returns:
            Probabilities (n, 3) in the order of ``nli.inference.LABELS``.

        Raises:
            Problem: 429 or 503 when there is no room, time or log for them; 500 when the model
                failed.
            ClientDisconnect: the caller has gone.
        """
        exchange = Exchange.of(request.scope)
        probabilities = await self._classify(request, served, pairs)
        await self._record(request, served, pairs, probabilities)
        exchange.pairs = len(pairs)
        if self._shadow is not None:
            endpoint = request.scope["path"]
            self._shadow.after_answer(served, pairs, probabilities, exchange.request_id, endpoint)
        return probabilities

    async def _classify(self, request: Request, served: Served, pairs: Pairs) -> Probabilities:
        timeout_s = self.settings.batching.timeout_s
        task = asyncio.current_task()
        assert task is not None
        gone = asyncio.ensure_future(request.receive())  # nothing more comes but a disconnect
        gone.add_done_callback(lambda done: None if done.cancelled() else task.cancel())
        try:
            deadline = asyncio.get_running_loop().time() + timeout_s
            return await self._batcher.classify(served, pairs, deadline)
        except asyncio.CancelledError:
            if not gone.done() or task.uncancel():
                raise
            raise ClientDisconnect() from None
        except Overloaded as error:
            retry = {"Retry-After": f"{error.retry_after_s:.0f}"}
            raise Problem(429, "The queue is full; ask again later.", retry) from None
        except TimeoutError:
            message = f"There was no answer within {timeout_s:g} s; ask again, or with fewer pairs."
            raise unavailable(message, 1) from None
        except Closed:
            raise unavailable("The service is shutting down.", 1) from None
        except Unanswerable:
            raise Problem(500, "The model failed on these pairs; the log says how.") from None
        finally:
            gone.cancel()

    async def _record(
        self, request: Request, served: Served, pairs: Pairs, probabilities: Probabilities
    ) -> None:
        if self._log is None or not pairs:
            return
        exchange = Exchange.of(request.scope)
        now, latency_ms = datetime.now(timezone.utc), exchange.elapsed_s() * 1000
        rows = [
            Answered(
                request_id=exchange.request_id,
                position=position,
                role="champion",
                time=now,
                endpoint=request.scope["path"],
                release=served.release,
                premise=premise,
                hypothesis=hypothesis,
                probabilities=(entailment, neutral, contradiction),
                latency_ms=latency_ms,
            )
            for position, (
                (premise, hypothesis),
                (entailment, neutral, contradiction),
            ) in enumerate(zip(pairs, probabilities.tolist()))
        ]
        try:
            await self._log.record(rows)
        except LogUnavailable:
            raise unavailable("The answer could not be logged, so it is not given.", 5) from None
