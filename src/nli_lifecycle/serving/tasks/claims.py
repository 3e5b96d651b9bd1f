"""Checking claims against a document: which label holds, and which sentences say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.inference import pool
from nli_lifecycle.nli.labels import LABELS, NEUTRAL
from nli_lifecycle.serving.tasks.sentences import Sentence


@dataclass(frozen=True)
class Checked:
    """What a document says about a claim.

    Attributes:
        label: entailment, contradiction, or neutral where the document says nothing either way.
        probabilities: (3,) in the order of ``LABELS``.
        window: the window that speaks most for the label; None for neutral, which no place shows.
    """

    label: str
    probabilities: npt.NDArray[np.float64]
    window: int | None


def windows(sentences: Sequence[Sentence], size: int) -> list[Sequence[Sentence]]:
    """Every stretch of so many consecutive sentences; all of them where there are no more."""
    return [sentences[i : i + size] for i in range(max(1, len(sentences) - size + 1))]


def check(probabilities: npt.NDArray[np.float64]) -> Checked:
    """Join the answers to one claim over all windows of a document.

    As in ``nli.inference.pool``, which joins the windows of a long premise: a label counts as in
    the window strongest for it, measured against neutral, so that windows beside the point change
    nothing. With one window, the answer is that window's.

    Args:
        probabilities: (windows, 3), columns in the order of ``LABELS``.
    """
    logits = np.log(np.maximum(probabilities, np.finfo(float).tiny))
    pooled = pool(logits, np.array([0]))[0]
    exponentials = np.exp(pooled - pooled.max())
    joined = exponentials / exponentials.sum()
    best = int(joined.argmax())
    if LABELS[best] == NEUTRAL:
        return Checked(NEUTRAL, joined, None)
    against_neutral = logits[:, best] - logits[:, LABELS.index(NEUTRAL)]
    return Checked(LABELS[best], joined, int(against_neutral.argmax()))
