"""How weights move: AdamW, its schedule, and which weights are kept in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from nli_lifecycle.parameters import TrainingParameters


def make_optimiser(model: nn.Module, parameters: TrainingParameters) -> torch.optim.AdamW:
    """Make AdamW with weight decay on matrices only, never on biases and LayerNorm weights.

    Args:
        model: the classifier, on the device it will train on.
        parameters: ``learning_rate`` and ``weight_decay``.

    Returns:
        The optimiser, fused: one pass over memory in each step.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [w for w in weights if w.ndim >= 2], "weight_decay": parameters.weight_decay},
        {"params": [w for w in weights if w.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=parameters.learning_rate, fused=True)


def rate_factor(step: int, steps: int, warmup_share: float) -> float:
    """Compute the share of the peak learning rate: linear up, then linear down to nothing.

    Args:
        step: optimiser step, from 1.
        steps: steps of the whole training.
        warmup_share: share of the steps that warm up.

    Returns:
        A factor in (0, 1]; 1 at the end of the warm-up.
    """
    warmup = max(1, round(steps * warmup_share))
    if step <= warmup:
        return step / warmup
    return (steps - step + 1) / (steps - warmup + 1)


class BestWeights:
    """The weights of the best validation so far, and how many validations since brought nothing."""

    def __init__(self) -> None:
        self.scores: dict[str, float] = {}
        self.stale_validations = 0
        self.weights: dict[str, torch.Tensor] = {}

    def consider(self, scores: Mapping[str, float], model: nn.Module) -> None:
        """Keep the model's weights if its macro-F1 is the best so far.

        Args:
            scores: of this validation, with ``macro_f1``.
            model: its weights are copied to main memory if kept.
        """
        if self.scores and scores["macro_f1"] <= self.scores["macro_f1"]:
            self.stale_validations += 1
            return
        self.scores, self.stale_validations = dict(scores), 0
        self.weights = {name: w.detach().cpu().clone() for name, w in model.state_dict().items()}

    def restore(self, model: Any) -> None:
        """Put the best weights back into the model.

        Args:
            model: the model that was considered.
        """
        model.load_state_dict(self.weights)
