"""The figures of an evaluation, as values: what is measured of one model, and of two.

Shares are of 1, log loss is in nats, the Brier score is the multi-class sum of squares (0 to 2).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A figure with the bounds between which it lies with the asked confidence."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ClassMeasures:
    """Precision, recall and F1 of one label, and how many rows truly carry it."""

    precision: Interval
    recall: Interval
    f1: Interval
    support: int


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows of like confidence: how sure the model was on average, and how often right."""

    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How far confidence and accuracy lie apart: expected error, and bin by bin."""

    ece: float
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True)
class CoveragePoint:
    """Accuracy on the share of rows of which the model is surest, and its least confidence."""

    coverage: float
    accuracy: float
    confidence: float


@dataclass(frozen=True)
class Selective:
    """Accuracy when the least sure answers are withheld; ``aurc``: mean error over coverages."""

    aurc: float
    points: tuple[CoveragePoint, ...]


@dataclass(frozen=True)
class Measures:
    """Everything measured about one model."""

    accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    brier: Interval
    classes: dict[str, ClassMeasures]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    selective: Selective


@dataclass(frozen=True)
class Comparison:
    """Candidate − champion on identical rows, and where the two disagree.

    Attributes:
        accuracy: difference; positive: the candidate is better.
        macro_f1: difference; positive: the candidate is better.
        log_loss: difference; negative: the candidate is better.
        brier: difference; negative: the candidate is better.
        both_right: rows that both models get right.
        only_candidate_right: rows that only the candidate gets right.
        only_champion_right: rows that only the champion gets right.
        both_wrong: rows that neither gets right.
        mcnemar: exact two-sided p-value of equal accuracy, rows taken as independent.
        design_effect: variance of the accuracy difference relative to independent rows; above
            1 where pairs that share a premise stand or fall together.
    """

    accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    brier: Interval
    both_right: int
    only_candidate_right: int
    only_champion_right: int
    both_wrong: int
    mcnemar: float
    design_effect: float


@dataclass(frozen=True)
class SubsetMeasures:
    """Accuracy on some of the rows: a slice of the evaluation set, or a stress suite.

    Attributes:
        kind: what the subset belongs to: ``genre``, ``label``, ``negation``, a suite's kind.
        name: which of that kind: ``contradiction``, ``9–16 words``, ``word swap``.
        rows: how many.
        candidate: accuracy, Wilson interval.
        champion: accuracy, Wilson interval; None where there is no champion.
        difference: candidate − champion; bounds hold for all subsets of the table at once.
    """

    kind: str
    name: str
    rows: int
    candidate: Interval
    champion: Interval | None = None
    difference: Interval | None = None
