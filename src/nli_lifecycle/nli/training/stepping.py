"""One optimiser step on one batch, in as many parts as memory asks for."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nli_lifecycle.nli.training.batching import collate
from nli_lifecycle.nli.training.devices import mixed_precision
from nli_lifecycle.nli.training.encoding import EncodedPairs
from nli_lifecycle.nli.training.objective import Objective
from nli_lifecycle.nli.training.pooling import pool
from nli_lifecycle.nli.training.ranks import Ranks
from nli_lifecycle.parameters import TrainingParameters

logger = logging.getLogger(__name__)


class Stepper:
    """Takes optimiser steps.

    A batch that does not fit into memory is halved, and its gradients are added up over the halves:
    the same step, in more time. Once halved, later batches are too. Pairs with many windows are
    computed in parts from the start, of about as many tokens as a batch of cut pairs has at most.

    Args:
        model: the classifier on its device, wrapped where several processes train.
        optimiser: moves its weights.
        encoded: all training pairs.
        objective: their loss.
        parameters: batch size and gradient clipping.
        pad_id: the tokenizer's padding id.
        ranks: which process this is, of how many.
        bfloat16: compute matrix products in it.
    """

    def __init__(
        self,
        model: Any,
        optimiser: torch.optim.Optimizer,
        encoded: EncodedPairs,
        objective: Objective,
        parameters: TrainingParameters,
        pad_id: int,
        ranks: Ranks,
        bfloat16: bool = False,
    ) -> None:
        self._model = model
        self._optimiser = optimiser
        self._encoded = encoded
        self._lengths = encoded.lengths
        self._most_tokens = parameters.batch_size * parameters.max_length
        self._objective = objective
        self._parameters = parameters
        self._pad_id = pad_id
        self._ranks = ranks
        self._bfloat16 = bfloat16
        self._device = next(model.parameters()).device
        self.parts = 1  # in how many a batch is computed

    def step(self, rows: NDArray[np.int64], rate: float) -> torch.Tensor:
        """Take one step.

        Args:
            rows: the batch: numbers of training pairs.
            rate: learning rate.

        Returns:
            The batch's loss, a detached scalar; of this process's share of it, times the number
            of processes, where there are several.

        Raises:
            MemoryError: when not even a single pair fits.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        loss = self._accumulate(rows)
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._parameters.max_gradient_norm)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return loss

    def _accumulate(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """Compute the batch's gradients, in fewer pairs at a time if they do not fit."""
        while True:
            try:
                return self._gradients(rows)
            except RuntimeError as error:
                if not _out_of_memory(error) or self._ranks.size > 1:
                    raise
                if self.parts >= len(rows):
                    raise MemoryError(
                        f"A single pair of up to {int(self._lengths[rows].max())} tokens does not "
                        f"fit into the memory of {self._device}. {self._remedy()}, or take a "
                        "smaller encoder."
                    ) from error
            self._optimiser.zero_grad()
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            self.parts *= 2
            logger.warning(
                "Out of memory on %s: from here on a batch of %d pairs is computed in %d parts, "
                "which takes longer and gives the same steps.",
                self._device,
                self._parameters.batch_size,
                self.parts,
            )

    def _gradients(self, rows: NDArray[np.int64]) -> torch.Tensor:
        # Gradients are averaged over the processes, so each one's share counts that much more;
        # one without a share computes a pair for nothing, as the others wait for it.
        own = self._ranks.share(rows)
        weight = self._objective.weight(rows) / self._ranks.size if len(own) else np.inf
        losses = []
        own = own if len(own) else rows[:1]
        wanted = self.parts * -(-int(self._lengths[own].sum()) // self._most_tokens)
        parts = np.array_split(own, min(wanted, len(own)))
        for number, part in enumerate(parts, start=1):
            with self._unsynchronised(number < len(parts)):
                windows, counts = self._encoded.windows(part)
                batch = collate(self._encoded, windows, pad_id=self._pad_id)
                with mixed_precision(self._device, self._bfloat16):
                    logits = self._model(
                        **{name: tensor.to(self._device) for name, tensor in batch.items()}
                    ).logits
                loss = self._objective.loss(pool(logits, counts), part, weight)
                loss.backward()
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    def _remedy(self) -> str:
        """What to do about a pair that is too long."""
        if self._parameters.overlap is None:
            return "Lower training.max_length"
        return "Lower data.max_characters, or set training.long_premises to cut"

    def _unsynchronised(self, more: bool) -> Any:
        """Several processes exchange gradients once a batch, with its last part."""
        return self._model.no_sync() if more and self._ranks.size > 1 else nullcontext()


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether torch says so: by a class of its own on a GPU, by words on a CPU and on MPS."""
    said = str(error).lower()
    words: Iterable[str] = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(word in said for word in words)
