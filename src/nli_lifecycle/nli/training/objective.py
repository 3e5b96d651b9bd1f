"""What training minimises, and a watch on it: cross entropy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.nn import functional

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.ranks import Ranks
from nli_lifecycle.parameters import TrainingParameters


class Objective:
    """Mean cross entropy of a batch, which may be computed in parts.

    Label smoothing takes ``label_smoothing`` of each target and gives it to the three labels alike
    (Szegedy et al. 2016, *Rethinking the Inception Architecture*, section 7). Balanced class
    weights are n / (3 · n_label): each label weighs as much as any other in all training pairs.

    Args:
        targets: every training label, as a position in ``LABELS``.
        parameters: ``class_weights`` and ``label_smoothing``.
        device: where the model is.
    """

    def __init__(
        self, targets: NDArray[np.int64], parameters: TrainingParameters, device: torch.device
    ) -> None:
        weights = np.ones(len(LABELS), dtype=np.float32)
        if parameters.class_weights == "balanced":
            counts = np.bincount(targets, minlength=len(LABELS))
            weights = (len(targets) / (len(LABELS) * counts)).astype(np.float32)
        self._row_weights = weights[targets]  # (training pairs,)
        self._weights = torch.from_numpy(weights).to(device)
        self._smoothing = parameters.label_smoothing
        self._labels = torch.from_numpy(targets).to(device)

    def weight(self, rows: NDArray[np.int64]) -> float:
        """Sum the weights of rows: what their losses are divided by."""
        return float(self._row_weights[rows].sum())

    def loss(self, logits: torch.Tensor, rows: NDArray[np.int64], weight: float) -> torch.Tensor:
        """Compute the share of a batch's loss that some of its rows have.

        Args:
            logits: (rows, 3).
            rows: which training pairs they are of.
            weight: ``weight`` of the whole batch.

        Returns:
            A scalar; over all parts of a batch they add up to its mean loss.
        """
        total = functional.cross_entropy(
            logits.float(),
            self._labels[rows],
            weight=self._weights,
            label_smoothing=self._smoothing,
            reduction="sum",
        )
        return total / weight


class RecentLosses:
    """Losses since the last look, and the batches they are of.

    Args:
        pair_ids: of the training pairs, to name them; None: they have none.
        ranks: which process this is, of how many.
    """

    def __init__(self, pair_ids: pd.Series[str] | None, ranks: Ranks) -> None:
        self._pair_ids = pair_ids
        self._ranks = ranks
        self._losses: list[torch.Tensor] = []
        self._batches: list[NDArray[np.int64]] = []

    def add(self, loss: torch.Tensor, rows: NDArray[np.int64]) -> None:
        """Remember a step's loss; on a GPU it need not be computed yet."""
        self._losses.append(loss)
        self._batches.append(rows)

    def look(self, step: int) -> float:
        """Average the losses, and forget them.

        Args:
            step: number of the last one's step.

        Raises:
            FloatingPointError: one is not finite; names its step and batch.
        """
        values = self._ranks.mean(torch.stack(self._losses)).cpu()
        broken = torch.nonzero(~torch.isfinite(values)).flatten()
        if len(broken):
            first = int(broken[0])
            raise FloatingPointError(
                f"The training loss became {values[first].item()} at step "
                f"{step - len(values) + 1 + first}, on {self._named(self._batches[first])}. Lower "
                "training.learning_rate or raise training.warmup_share, and look at these pairs. "
                "No model was written; checkpoints of earlier steps stay."
            )
        self._losses, self._batches = [], []
        return float(values.mean())

    def _named(self, rows: NDArray[np.int64]) -> str:
        ids = rows if self._pair_ids is None else self._pair_ids.iloc[rows].tolist()
        more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
        return f"a batch of pairs {', '.join(str(name) for name in ids[:5])}{more}"
