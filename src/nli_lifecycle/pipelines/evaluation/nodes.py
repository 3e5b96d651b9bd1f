"""Nodes of evaluation: fetch both bundles, predict the same pairs with each, measure."""

from __future__ import annotations

import hashlib
import logging
import time

import mlflow.pyfunc
import numpy as np
import pandas as pd

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import EvaluationSet, Evidence, Method
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.versions import CHAMPION, Incumbent
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.nli.metrics import Resampling, compare, measure
from nli_lifecycle.nli.predictions import (
    PREDICTION_COLUMNS,
    PROBABILITY_COLUMNS,
    PredictionError,
    check_probabilities,
    label_indices,
)
from nli_lifecycle.parameters import EvaluationParameters

logger = logging.getLogger(__name__)


def fetch_candidate(registry: Registry, candidate: ModelRef) -> Bundle:
    """Bring the candidate back from the registry: what is judged is what was registered."""
    return registry.fetch(candidate)


def fetch_champion(registry: Registry, candidate: ModelRef, candidate_bundle: Bundle) -> Incumbent:
    """Find out who is champion, and bring its bytes.

    Args:
        registry: the environment's registry.
        candidate: the version to be judged; orders this node after its registration.
        candidate_bundle: serves for both where the champion is the same bytes.

    Returns:
        The champion, or nobody where there is none yet.
    """
    champion = registry.alias(CHAMPION)
    if champion is None:
        return Incumbent()
    same = champion.digest == candidate.digest
    return Incumbent(champion, candidate_bundle if same else registry.fetch(champion))


def predict_candidate(
    candidate: ModelRef, candidate_bundle: Bundle, test_pairs: pd.DataFrame
) -> pd.DataFrame:
    """Predict the evaluation pairs with the candidate.

    Returns:
        ``PREDICTION_COLUMNS``, one row per pair, in the pairs' order.
    """
    return _predict(candidate, candidate_bundle, test_pairs)


def predict_champion(
    champion: Incumbent,
    candidate: ModelRef,
    candidate_predictions: pd.DataFrame,
    test_pairs: pd.DataFrame,
) -> pd.DataFrame:
    """Predict the same pairs with the champion.

    Returns:
        ``PREDICTION_COLUMNS``; the candidate's own predictions where both are the same bytes,
        no rows where there is no champion.
    """
    if champion.ref is None or champion.bundle is None:
        return candidate_predictions.iloc[:0]
    if champion.ref.digest == candidate.digest:
        return candidate_predictions
    return _predict(champion.ref, champion.bundle, test_pairs)


def measure_evidence(
    environment: str,
    source: str,
    candidate: ModelRef,
    champion: Incumbent,
    test_pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame,
    evaluation: EvaluationParameters,
    policy: Policy,
) -> Evidence:
    """Turn predictions into the evidence a decision rests on.

    Args:
        environment: where the pairs and the policy belong.
        source: where the raw pairs came from.
        candidate: the version under judgement.
        champion: the version in use, or nobody.
        test_pairs: the evaluation pairs.
        candidate_predictions: of exactly these pairs.
        champion_predictions: of exactly these pairs; ignored where there is no champion.
        evaluation: confidence, number and seed of the resamples.
        policy: the rules to be decided by; sets the confidence of the differences' bounds.

    Raises:
        PredictionError: predictions that do not belong to these pairs, or are damaged.
    """
    truth = label_indices(test_pairs["label"].tolist(), test_pairs["pair_id"].tolist(), "label")
    how = Resampling(evaluation.confidence, evaluation.resamples, evaluation.seed)
    # Each bound of a difference holds at the policy's one-sided confidence.
    paired = Resampling(2 * policy.confidence - 1, evaluation.resamples, evaluation.seed)
    ours = _answers(candidate, candidate_predictions, test_pairs)
    theirs = champion.ref and _answers(champion.ref, champion_predictions, test_pairs)
    return Evidence(
        environment=environment,
        candidate=candidate,
        champion=champion.ref,
        evaluation_set=EvaluationSet(
            fingerprint=_fingerprint(test_pairs), rows=len(test_pairs), source=source
        ),
        policy_hash=policy.content_hash(),
        method=Method(
            confidence=evaluation.confidence,
            bound_confidence=policy.confidence,
            resamples=evaluation.resamples,
            seed=evaluation.seed,
        ),
        candidate_measures=measure(truth, *ours, how),
        champion_measures=measure(truth, *theirs, how) if theirs else None,
        differences=compare(truth, ours, theirs, paired) if theirs else None,
    )


def _predict(ref: ModelRef, bundle: Bundle, pairs: pd.DataFrame) -> pd.DataFrame:
    """Run the bundle's own code on the pairs."""
    started = time.perf_counter()
    try:
        model = mlflow.pyfunc.load_model(str(bundle.path))
        answer = model.predict(pairs[["premise", "hypothesis"]].reset_index(drop=True))
        columns = answer[["label", *PROBABILITY_COLUMNS]]
    except Exception as error:  # the bundle's code is not ours to foresee
        raise PredictionError(
            f"{ref} cannot be evaluated: {error}. A candidate: train it again; a champion: move "
            "the alias back to `previous` in the MLflow UI."
        ) from error
    if len(columns) != len(pairs):
        raise PredictionError(f"{ref} gave {len(columns)} answers to {len(pairs)} pairs.")
    seconds = time.perf_counter() - started
    logger.info("%s: %d pairs in %.1f s.", ref, len(pairs), seconds)
    known = pairs[["pair_id", "label"]].reset_index(drop=True)
    predictions = pd.concat([known, columns.rename(columns={"label": "predicted"})], axis=1)
    return predictions[PREDICTION_COLUMNS]


def _answers(
    ref: ModelRef, predictions: pd.DataFrame, pairs: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Check predictions and give label indices (n,) and probabilities (n, 3)."""
    pair_ids = pairs["pair_id"].tolist()
    if len(set(pair_ids)) != len(pair_ids):
        twice = pairs["pair_id"][pairs["pair_id"].duplicated()].iloc[0]
        raise PredictionError(f"Pair id {twice} occurs twice among the evaluation pairs.")
    if predictions["pair_id"].tolist() != pair_ids:
        raise PredictionError(
            f"The predictions of {ref} belong to other pairs than the evaluation set's. Run "
            "`kedro run --pipelines evaluation,promotion`."
        )
    probabilities = predictions[PROBABILITY_COLUMNS].to_numpy(dtype=np.float64)
    check_probabilities(probabilities, pair_ids)
    return label_indices(predictions["predicted"].tolist(), pair_ids, "predicted"), probabilities


def _fingerprint(pairs: pd.DataFrame) -> str:
    """Identity of an evaluation set: its texts and labels, in whatever order and numbering."""
    rows = sorted(f"{text}\t{label}\n" for text, label in zip(pairs["fingerprint"], pairs["label"]))
    return hashlib.sha256("".join(rows).encode()).hexdigest()
