"""Zero-shot classification: each label, put into a template, is a hypothesis about the text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.labels import CONTRADICTION, ENTAILMENT, LABELS

PLACE = "{}"
TEMPLATE = "This text is about {}."


def hypotheses(labels: Sequence[str], template: str) -> list[str]:
    """Say each label in a sentence. Only ``{}`` is replaced: a template is no format string."""
    return [template.replace(PLACE, label) for label in labels]


def scores(probabilities: npt.NDArray[np.float64], multi_label: bool) -> npt.NDArray[np.float64]:
    """Score the labels of one text as Hugging Face's zero-shot pipeline does, from probabilities.

    Several labels may hold (``multi_label``, or only one label): each is entailment against
    contradiction, p_e / (p_e + p_c). That is the pipeline's softmax over those two logits.

    Exactly one holds: p_e normalised over the labels. The pipeline takes a softmax over entailment
    logits, which a softmax over one pair's own logits leaves undefined: training fixes them only up
    to a constant per pair. Probabilities are what is calibrated, and log p_e is that logit less the
    pair's own normaliser. The order of the labels is that of p_e.

    Args:
        probabilities: (labels, 3), columns in the order of ``LABELS``.
        multi_label: whether several labels may hold.

    Returns:
        (labels,) between 0 and 1; with one label to hold, their sum is 1.
    """
    # Rounded to zero, all of them would be 0/0.
    tiny = np.maximum(probabilities, np.finfo(float).tiny)
    entailment = tiny[:, LABELS.index(ENTAILMENT)]
    if multi_label or len(probabilities) == 1:
        return np.asarray(entailment / (entailment + tiny[:, LABELS.index(CONTRADICTION)]))
    relative = entailment / entailment.max()
    return np.asarray(relative / relative.sum())
