"""Which evaluation rows a model has seen in training: exactly, nearly, or by their premise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Overlap:
    """Evaluation rows that the model's training and validation rows contain.

    Attributes:
        training_rows: rows the model was trained or validated on.
        exact: evaluation rows whose pair is among them.
        near: further rows whose pair is, but for case, punctuation, accents and articles.
        premises: evaluation rows whose premise is among theirs, whatever the hypothesis.
    """

    training_rows: int
    exact: int
    near: int
    premises: int
