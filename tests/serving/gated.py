"""A classifier that a test lets on, and batchers around it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from running_service import RELEASE

from nli_lifecycle.serving.batching.batcher import Batcher
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


class Stubborn:
    """A classifier that waits for its gate, or fails; it quotes a text either way."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked = 0

    def predict_proba(self, premises: Iterable[str], hypotheses: Iterable[str]) -> Any:
        """Fail once let on."""
        self.asked += 1
        self.gate.wait(30)
        raise RuntimeError(f"no answer to {list(premises)}")
