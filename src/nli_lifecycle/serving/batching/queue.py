"""The queue of pairs: requests of one model line up, and each gets a portion of every batch.

A request of a thousand pairs thus delays a request of one pair by no more than a batch. Only the
event loop's thread touches the queue, so it needs no locks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nli_lifecycle.serving.model import Served

Pair = tuple[str, str]  # premise, hypothesis

PORTION_TOKENS = 256  # of one request before the next one's turn
ASCII_PER_TOKEN = 4  # characters of an English text
OTHERS_PER_TOKEN = 2  # of a text in any other script: between one and three
SPECIAL_TOKENS = 3


def estimated_tokens(pair: Pair) -> int:
    """Tokens of a pair, guessed from its length; the tokenizer runs in the workers only."""
    return SPECIAL_TOKENS + sum(
        len(text) // (ASCII_PER_TOKEN if text.isascii() else OTHERS_PER_TOKEN) for text in pair
    )


@dataclass(eq=False, slots=True)
class Waiting:
    """A request's pairs on their way to answers.

    Attributes:
        answers: (n, 3), filled in batch by batch.
        taken: pairs, from the first on, that a batch has taken.
        answered: pairs whose answers are in.
    """

    served: Served
    pairs: Sequence[Pair]
    future: asyncio.Future[npt.NDArray[np.float64]]
    tokens: list[int] = field(init=False)
    answers: npt.NDArray[np.float64] = field(init=False)
    taken: int = 0
    answered: int = 0

    def __post_init__(self) -> None:
        self.tokens = [estimated_tokens(pair) for pair in self.pairs]
        self.answers = np.empty((len(self.pairs), 3))


@dataclass(frozen=True, slots=True)
class Portion:
    """Consecutive pairs of a request, in one batch."""

    waiting: Waiting
    start: int
    stop: int

    @property
    def pairs(self) -> Sequence[Pair]:
        """The pairs themselves."""
        return self.waiting.pairs[self.start : self.stop]

    @property
    def tokens(self) -> Sequence[int]:
        """Their estimated tokens."""
        return self.waiting.tokens[self.start : self.stop]


class FairQueue:
    """Requests in line, by the model that answers them; models and requests take turns.

    Attributes:
        pairs: waiting, of all requests.
        tokens: their estimated tokens.
    """

    def __init__(self) -> None:
        self.pairs = 0
        self.tokens = 0
        self._lines: dict[Served, deque[Waiting]] = {}

    def add(self, waiting: Waiting) -> None:
        """Put a request at the end of its model's line."""
        self._lines.setdefault(waiting.served, deque()).append(waiting)
        self.pairs += len(waiting.pairs)
        self.tokens += sum(waiting.tokens)

    def drop(self, waiting: Waiting) -> None:
        """Forget what no batch has taken yet of a request."""
        line = self._lines.get(waiting.served)
        if line is None or waiting not in line:
            return
        line.remove(waiting)
        if not line:
            del self._lines[waiting.served]
        self.pairs -= len(waiting.pairs) - waiting.taken
        self.tokens -= sum(waiting.tokens[waiting.taken :])

    def take(self, budget: int) -> list[Portion]:
        """Take a batch: pairs for one model, portions of several requests.

        Args:
            budget: estimated tokens it may hold; a pair beyond it is a batch of its own.

        Returns:
            At least one portion. The queue must not be empty.
        """
        served, line = next(iter(self._lines.items()))
        batch: list[Portion] = []
        room = budget
        while line and (not batch or line[0].tokens[line[0].taken] <= room):
            waiting = line.popleft()
            portion, tokens = _portion(waiting, min(room, PORTION_TOKENS))
            batch.append(portion)
            room -= tokens
            self.pairs -= portion.stop - portion.start
            self.tokens -= tokens
            if waiting.taken < len(waiting.pairs):
                line.append(waiting)
        del self._lines[served]
        if line:  # behind the other models
            self._lines[served] = line
        return batch


def _portion(waiting: Waiting, budget: int) -> tuple[Portion, int]:
    """Take at least one pair of a request, and no more than fit."""
    start = stop = waiting.taken
    tokens = 0
    while stop < len(waiting.pairs) and (stop == start or tokens + waiting.tokens[stop] <= budget):
        tokens += waiting.tokens[stop]
        stop += 1
    waiting.taken = stop
    return Portion(waiting, start, stop), tokens
