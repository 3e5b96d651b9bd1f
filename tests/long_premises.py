"""Pairs whose premise is long, and whose label one word of it decides, far from its beginning."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nli_lifecycle.nli.labels import LABELS

MAX_LENGTH, OVERLAP = 24, 4
SHORT, WORDS = 14, 60  # of a premise: one window, or five
HYPOTHESIS = "the house is big"
#: What decides; nothing does where the label is neutral.
EVIDENCE = {"entailment": "red", "contradiction": "blue"}
_FILLERS = "man woman child dog cat bird horse runs sleeps sings eats reads plays outside".split()


def document(label: str, position: int, rng: np.random.Generator, words: int = WORDS) -> str:
    """Write a premise with the deciding word at a position."""
    premise = rng.choice(_FILLERS, words).tolist()
    if label in EVIDENCE:
        premise[position] = EVIDENCE[label]
    return " ".join(premise)


def long_pairs(rows: int, seed: int, *, short: int = 0) -> pd.DataFrame:
    """Draw pairs whose deciding word lies beyond the first window, anywhere.

    Args:
        rows: how many.
        seed: of the draw.
        short: how many of them fit into one window: from such a model with random weights learns
            what decides, as a pretrained one need not.
    """
    rng = np.random.default_rng(seed)
    labels = [LABELS[i % 3] for i in range(rows)]
    premises = [
        document(label, int(rng.integers(SHORT)), rng, SHORT)
        if row < short
        else document(label, int(rng.integers(MAX_LENGTH, WORDS)), rng)
        for row, label in enumerate(labels)
    ]
    return pd.DataFrame({"premise": premises, "hypothesis": HYPOTHESIS, "label": labels})
