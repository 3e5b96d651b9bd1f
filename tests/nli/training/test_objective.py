"""The loss by hand: weights, smoothing, parts that add up."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from nli_lifecycle.nli.training.objective import Objective, RecentLosses
from nli_lifecycle.nli.training.ranks import ALONE
from nli_lifecycle.parameters import TrainingParameters

TARGETS = np.array([0, 1, 2, 0, 0, 1])  # entailment three times, neutral twice, contradiction once
CPU = torch.device("cpu")
LOGITS = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
ROWS = np.arange(6)


def _loss(rows: np.ndarray, whole: np.ndarray, **changes: object) -> float:
    objective = Objective(TARGETS, TrainingParameters.model_validate(changes), CPU)
    return float(objective.loss(LOGITS[rows], rows, objective.weight(whole)))


def test_equal_weights_are_the_mean() -> None:
    expected = functional.cross_entropy(LOGITS, torch.from_numpy(TARGETS))
    assert _loss(ROWS, ROWS) == pytest.approx(float(expected))


def test_balanced_labels_weigh_alike() -> None:
    by_label = [
        float(
            functional.cross_entropy(LOGITS[TARGETS == k], torch.from_numpy(TARGETS[TARGETS == k]))
        )
        for k in range(3)
    ]
    assert _loss(ROWS, ROWS, class_weights="balanced") == pytest.approx(np.mean(by_label))


def test_smoothing_by_hand() -> None:
    log_p = torch.log_softmax(LOGITS[0], dim=0)
    expected = -0.8 * log_p[0] - 0.2 * log_p.mean()
    one = np.array([0])
    assert _loss(one, one, label_smoothing=0.2) == pytest.approx(float(expected))


@pytest.mark.parametrize("weights", ["equal", "balanced"])
def test_parts_of_a_batch_add_up(weights: str) -> None:
    parts = [
        _loss(part, ROWS, class_weights=weights, label_smoothing=0.1)
        for part in np.array_split(ROWS, 4)
    ]
    whole = _loss(ROWS, ROWS, class_weights=weights, label_smoothing=0.1)
    assert sum(parts) == pytest.approx(whole)


def test_a_loss_that_is_no_number_names_step_and_pairs() -> None:
    recent = RecentLosses(pd.Series([f"p{row}" for row in range(6)]), ALONE)
    for loss, rows in ((1.0, [0, 1]), (math.inf, [2, 3]), (2.0, [4, 5])):
        recent.add(torch.tensor(loss), np.array(rows))
    with pytest.raises(
        FloatingPointError, match="became inf at step 9, on a batch of pairs p2, p3"
    ):
        recent.look(10)


def test_a_look_averages_and_forgets() -> None:
    recent = RecentLosses(None, ALONE)
    for loss in (1.0, 2.0, 6.0):
        recent.add(torch.tensor(loss), ROWS)
    assert recent.look(3) == 3.0
    recent.add(torch.tensor(5.0), ROWS)
    assert recent.look(4) == 5.0
