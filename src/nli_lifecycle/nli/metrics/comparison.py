"""Two models on identical rows: how far they differ, and what it would take to be sure."""

from __future__ import annotations

from math import ceil, floor, log10

import numpy as np
from scipy.stats import binomtest

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.figures import Comparison, Interval
from nli_lifecycle.nli.metrics.measures import (
    Floats,
    Ints,
    check_rows,
    f1_scores,
    one_hot,
    row_brier_scores,
    row_log_losses,
)
from nli_lifecycle.nli.metrics.proportions import design_effect, paired_difference
from nli_lifecycle.nli.metrics.resampling import (
    Resampling,
    percentile_interval,
    resampled_totals,
)

#: More than this many times the rows there are is no advice that anyone could follow.
MOST_TIMES_THE_ROWS = 100


def compare(
    truth: Ints,
    candidate: tuple[Ints, Floats],
    champion: tuple[Ints, Floats],
    how: Resampling,
    clusters: Ints | None = None,
) -> Comparison:
    """Differences candidate − champion on identical rows.

    Accuracy has Tango's score interval, widened by the design effect of the clusters. The others
    have paired bootstrap intervals: each resample takes the same rows for both models, so what
    both get right or wrong together cancels out.

    Args:
        truth: label indices, shape (n,).
        candidate: label indices (n,) and probabilities (n, 3) of the candidate.
        champion: the same of the champion.
        how: two-sided confidence, number and seed of the resamples; a one-sided level c of each
            bound is the two-sided level 2c − 1.
        clusters: number of each row's premise, shape (n,), from 0 without gaps; None:
            independent rows.

    Returns:
        The differences, the disagreements, and the exact McNemar test.

    Raises:
        ValueError: no rows, arrays of different lengths, or a probability that is no number.
    """
    for predicted, probabilities in (candidate, champion):
        check_rows(truth, predicted, probabilities, clusters)
    width = len(LABELS)
    cells = one_hot((truth * width + candidate[0]) * width + champion[0], width**3)
    losses = np.column_stack(
        [
            loss(truth, candidate[1]) - loss(truth, champion[1])
            for loss in (row_log_losses, row_brier_scores)
        ]
    )
    totals = resampled_totals(np.hstack([cells, losses]), how, clusters)
    joint = totals[:, : width**3].reshape(-1, width, width, width)
    here = cells.sum(axis=0).reshape(1, width, width, width)
    macro, macro_samples = (
        (f1_scores(counts.sum(axis=3)) - f1_scores(counts.sum(axis=2))).mean(axis=1)
        for counts in (here, joint)
    )
    sizes = joint.sum(axis=(1, 2, 3))

    def mean(column: int) -> Interval:
        samples = totals[:, width**3 + column] / sizes
        return percentile_interval(float(losses[:, column].mean()), samples, how.confidence)

    ours, theirs = (predicted == truth for predicted, _ in (candidate, champion))
    gained, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    effect = design_effect(ours.astype(np.float64) - theirs, clusters)
    return Comparison(
        accuracy=paired_difference(len(truth), gained, lost, (1 + how.confidence) / 2, effect),
        macro_f1=percentile_interval(float(macro[0]), macro_samples, how.confidence),
        log_loss=mean(0),
        brier=mean(1),
        both_right=int((ours & theirs).sum()),
        only_candidate_right=gained,
        only_champion_right=lost,
        both_wrong=int((~ours & ~theirs).sum()),
        mcnemar=mcnemar(gained, lost),
        design_effect=effect,
    )


def mcnemar(gained: int, lost: int) -> float:
    """Exact McNemar test: are disagreements won as often as lost? (McNemar 1947).

    Args:
        gained: rows that only the candidate gets right.
        lost: rows that only the champion gets right.

    Returns:
        Two-sided p-value; 1 where the two never disagree.
    """
    disagreements = gained + lost
    return float(binomtest(gained, disagreements).pvalue) if disagreements else 1.0


def rows_to_settle(difference: Interval, rows: int, threshold: float) -> int | None:
    """About how many more rows would put the whole interval on one side of a threshold.

    Args:
        difference: an interval that holds the threshold.
        rows: how many rows it was made from.
        threshold: in the interval's unit.

    Returns:
        Two significant digits, supposing that the estimate stays and the width falls with the
        square root of the rows; None where no practical number would do.
    """
    distance = abs(difference.estimate - threshold)
    above = difference.estimate > threshold
    width = (
        difference.estimate - difference.lower if above else difference.upper - difference.estimate
    )
    if not distance > 0 or not width / distance < MOST_TIMES_THE_ROWS**0.5:
        return None
    more = max(1.0, rows * (width / distance) ** 2 - rows)
    digit = int(10 ** max(0, floor(log10(more)) - 1))
    return ceil(more / digit) * digit
