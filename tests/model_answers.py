"""Labels and answers of simulated models."""

from __future__ import annotations

import numpy as np


def answers(rows: int, seed: int, right: float = 0.8):
    """Labels, predictions and probabilities of a model that is right that often."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(3, size=rows, p=[0.2, 0.5, 0.3])
    probabilities = generator.dirichlet([1, 1, 1], size=rows)
    sure = generator.random(rows) < right
    probabilities[sure, truth[sure]] += 2
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return truth, probabilities.argmax(axis=1), probabilities
