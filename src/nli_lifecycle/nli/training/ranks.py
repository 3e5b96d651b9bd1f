"""Which of several training processes this is, and what they tell each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ranks:
    """This process among those that train one model together.

    Attributes:
        rank: its number, from 0; process 0 validates, writes and reports.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes and reports."""
        return self.rank == 0

    def share(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take this process's part of a batch: every ``size``-th row, of all lengths."""
        return rows[self.rank :: self.size]

    def wrap(self, model: Any) -> Any:
        """Let a model average its gradients over the processes."""
        if self.size == 1:
            return model
        return torch.nn.parallel.DistributedDataParallel(model)

    def diversify(self, seed: int, step: int, random: np.random.Generator) -> None:
        """Draw dropout of one's own; process 0 keeps the random states as they are."""
        if not self.first:
            torch.manual_seed(seed + 1_000_003 * self.rank + step)
            random.bit_generator.state = np.random.default_rng(
                [seed, self.rank, step]
            ).bit_generator.state

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Average values over the processes."""
        if self.size > 1:
            torch.distributed.all_reduce(values)
        return values / self.size

    def agree(self, value: Any) -> Any:
        """Learn process 0's value."""
        if self.size == 1:
            return value
        box = [value]
        torch.distributed.broadcast_object_list(box, src=0)
        return box[0]


#: One process.
ALONE = Ranks()
