"""What a stress pair is, and when its answer is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.labels import ENTAILMENT

#: The second label of two-way suites: neutral or contradiction, nobody says which.
NOT_ENTAILMENT = "not_entailment"

#: ``origin``: pair_id of the pair that was edited, or empty.
STRESS_COLUMNS = ["suite", "kind", "pair_id", "premise", "hypothesis", "label", "origin"]


def right(labels: Sequence[str], predicted: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Score answers; where the label is two-way, neutral and contradiction are both right.

    Args:
        labels: true labels, shape (n,).
        predicted: answers among the three labels, shape (n,).

    Returns:
        Flags, shape (n,).
    """
    truth, answers = np.asarray(labels, dtype=object), np.asarray(predicted, dtype=object)
    no_entailment = (truth == NOT_ENTAILMENT) & (answers != ENTAILMENT)
    return np.asarray((truth == answers) | no_entailment, dtype=bool)
