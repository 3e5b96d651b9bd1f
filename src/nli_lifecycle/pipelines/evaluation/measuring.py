"""Nodes of evaluation that turn predictions into figures: fields of the evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import Method
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.metrics.measures import measure
from nli_lifecycle.nli.metrics.resampling import Resampling
from nli_lifecycle.nli.metrics.subsets import SubsetAnswers, measure_subsets
from nli_lifecycle.nli.predictions import (
    check_same_pairs,
    fingerprint_pairs,
    label_indices,
    probabilities_of,
)
from nli_lifecycle.nli.slices import find_slices
from nli_lifecycle.nli.stress.scoring import right
from nli_lifecycle.parameters import EvaluationParameters

Fields = dict[str, Any]


def measure_quality(
    candidate: ModelRef,
    champion: Incumbent,
    evaluation_pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame,
    times_judged: int,
    evaluation: EvaluationParameters,
    policy: Policy,
) -> Fields:
    """Measure both models on the evaluation pairs, and their difference.

    Args:
        candidate: the version under judgement.
        champion: the version in use, or nobody.
        evaluation_pairs: the pairs; those that share a premise are resampled together.
        candidate_predictions: of exactly these pairs.
        champion_predictions: of exactly these pairs; ignored where there is no champion.
        times_judged: the candidate's place in the line of digests judged on these pairs.
        evaluation: confidence, number and seed of the resamples.
        policy: the rules to be decided by; sets the confidence of the differences' bounds.

    Returns:
        Fields of ``Evidence``.

    Raises:
        PredictionError: predictions that do not belong to these pairs, or are damaged.
    """
    # It brings scipy.stats: half a second, which commands that do not evaluate need not pay.
    from nli_lifecycle.nli.metrics.comparison import compare

    pair_ids = evaluation_pairs["pair_id"].tolist()
    truth = label_indices(evaluation_pairs["label"].tolist(), pair_ids, "label")
    bound_confidence = policy.bound_confidence(times_judged)
    how = Resampling(evaluation.confidence, evaluation.resamples, evaluation.seed)
    # Each bound of a difference holds at the policy's one-sided confidence.
    paired = Resampling(2 * bound_confidence - 1, evaluation.resamples, evaluation.seed)
    clusters = premise_clusters(evaluation_pairs)

    check_same_pairs(candidate_predictions, evaluation_pairs, str(candidate))
    ours = _answers(candidate_predictions)
    fields: Fields = {
        "candidate_measures": measure(truth, *ours, how, clusters),
        "method": Method(
            confidence=evaluation.confidence,
            bound_confidence=bound_confidence,
            resamples=evaluation.resamples,
            seed=evaluation.seed,
        ),
    }
    if champion.ref is not None:
        check_same_pairs(champion_predictions, evaluation_pairs, str(champion.ref))
        theirs = _answers(champion_predictions)
        fields["champion_measures"] = measure(truth, *theirs, how, clusters)
        fields["comparison"] = compare(truth, ours, theirs, paired, clusters)
    return fields


def measure_parts(
    champion: Incumbent,
    evaluation_pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame,
    stress_pairs: pd.DataFrame,
    candidate_stress: pd.DataFrame,
    champion_stress: pd.DataFrame,
    times_judged: int,
    evaluation: EvaluationParameters,
    policy: Policy,
) -> Fields:
    """Measure slice by slice and suite by suite.

    Returns:
        Fields of ``Evidence``.

    Raises:
        ValueError: a slice of the user's own that cannot be made.
    """
    known = champion.ref is not None
    ours = _right(candidate_predictions)
    theirs = _right(champion_predictions) if known else None
    clusters = premise_clusters(evaluation_pairs)
    slices = [
        SubsetAnswers(
            part.kind,
            part.name,
            ours[part.rows],
            theirs[part.rows] if theirs is not None else None,
            clusters[part.rows] if clusters is not None else None,
        )
        for part in find_slices(
            evaluation_pairs, evaluation.slices.columns, evaluation.slices.functions
        )
    ]
    our_stress = _right(candidate_stress)
    their_stress = _right(champion_stress) if known else None
    suites = []
    for (kind, suite), found in stress_pairs.groupby(["kind", "suite"], sort=False):
        rows = found.index.to_numpy()
        suites.append(
            SubsetAnswers(
                str(kind),
                str(suite),
                our_stress[rows],
                their_stress[rows] if their_stress is not None else None,
                premise_clusters(found),
            )
        )
    levels = evaluation.confidence, policy.bound_confidence(times_judged)
    measured, too_small = measure_subsets(slices, *levels, policy.slices.minimum_rows)
    stressed, _ = measure_subsets(suites, *levels, policy.stress.minimum_rows)
    return {
        "slices": measured,
        "slices_too_small": too_small,
        "stress": stressed,
        "stress_pairs": fingerprint_pairs(stress_pairs) if len(stress_pairs) else None,
    }


def premise_clusters(pairs: pd.DataFrame) -> npt.NDArray[np.int64] | None:
    """Number the premises, shape (n,), where any occurs twice; None: rows are independent."""
    codes, premises = pd.factorize(pairs["premise"])
    return codes.astype(np.int64) if len(premises) < len(pairs) else None


def _answers(predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Label indices (n,) and probabilities (n, 3)."""
    pair_ids = predictions["pair_id"].tolist()
    predicted = label_indices(predictions["predicted"].tolist(), pair_ids, "predicted")
    return predicted, probabilities_of(predictions)


def _right(predictions: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return right(predictions["label"].tolist(), predictions["predicted"].tolist())
