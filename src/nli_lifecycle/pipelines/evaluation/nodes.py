"""Nodes of evaluation: fetch both bundles, choose the pairs, predict them with each."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import mlflow.pyfunc
import pandas as pd

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.holdout import count_judgement
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.projection import located
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.budgets import Footprint, measure_footprints
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.nli.data.overlap import seen_exactly
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.origin import read_origin
from nli_lifecycle.nli.predictions import (
    PREDICTION_COLUMNS,
    PROBABILITY_COLUMNS,
    PredictionError,
    fingerprint_pairs,
)
from nli_lifecycle.nli.stress.own import land_suite
from nli_lifecycle.nli.stress.scoring import STRESS_COLUMNS
from nli_lifecycle.nli.stress.suites import build_stress_pairs
from nli_lifecycle.parameters import EvaluationParameters

logger = logging.getLogger(__name__)


def fetch_candidate(registry: Registry, candidate: ModelRef) -> Bundle:
    """Bring the candidate back from the registry: what is judged is what was registered."""
    return registry.fetch(candidate)


def fetch_champion(
    registry: Registry, candidate: ModelRef, candidate_bundle: Bundle, policy: Policy
) -> Incumbent:
    """Find out who is champion by the ledger, and bring its bytes.

    Args:
        registry: the environment's registry; brought into order first.
        candidate: the version to be judged; orders this node after its registration.
        candidate_bundle: serves for both where the champion is the same bytes.
        policy: says what becomes of an alias that a person moved by hand.

    Returns:
        The champion, or nobody where there is none yet.
    """
    history = settle(registry, policy.manual_moves).history
    champion = located(registry, history.champion)
    if champion is None:
        return Incumbent()
    same = champion.digest == candidate.digest
    return Incumbent(champion, candidate_bundle if same else registry.fetch(champion))


def choose_pairs(
    test_pairs: pd.DataFrame,
    candidate_bundle: Bundle,
    champion: Incumbent,
    evaluation: EvaluationParameters,
) -> pd.DataFrame:
    """Take the pairs to judge on; by parameter, only those that neither model was trained on.

    Raises:
        DataError: nothing is left, or a bundle does not say what it was trained on.
    """
    if evaluation.training_rows == "judge":
        return test_pairs
    chosen = test_pairs
    for name, bundle in (("candidate", candidate_bundle), ("champion", champion.bundle)):
        if bundle is None:
            continue
        origin = read_origin(bundle)
        if origin is None:
            raise DataError(
                f"evaluation.training_rows is leave_out, but the {name}'s bundle does not say what "
                "it was trained on. Train it with this version of the project, or set judge."
            )
        chosen = chosen.loc[~seen_exactly(origin.rows, chosen)]
    if chosen.empty:
        raise DataError(
            f"Each of the {len(test_pairs):,} evaluation pairs was used in training, and "
            "evaluation.training_rows is leave_out. Give this environment pairs of its own."
        )
    return chosen.reset_index(drop=True)


def make_stress_pairs(
    raw: RawFolder, evaluation_pairs: pd.DataFrame, evaluation: EvaluationParameters
) -> pd.DataFrame:
    """Build the stress suites, and read the user's own.

    Raises:
        DataError: a suite of the user's own that cannot be read, or that holds no pair.
    """
    suites = [build_stress_pairs(evaluation_pairs, evaluation.stress.rows, evaluation.seed)]
    for name, file in evaluation.stress.own.items():
        rows = raw.rows(file.source, file.path, file.options)
        suite, unusable = land_suite(name, rows, file)
        if len(unusable):
            logger.warning(
                "Stress suite %s: %d of %d rows are no pairs, the first: %s: %s.",
                *(name, len(unusable), len(unusable) + len(suite)),
                *unusable.iloc[0][["place", "reason"]],
            )
        if suite.empty:
            raise DataError(
                f"Stress suite {name}: {file.path} holds no usable pair. Check "
                f"evaluation.stress.own.{name}."
            )
        suites.append(suite)
    return pd.concat(suites, ignore_index=True)[STRESS_COLUMNS]


def predict_candidate(
    candidate: ModelRef,
    candidate_bundle: Bundle,
    evaluation_pairs: pd.DataFrame,
    stress_pairs: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict the evaluation pairs and the stress pairs with the candidate.

    Returns:
        Two frames of ``PREDICTION_COLUMNS``, one row per pair, in the pairs' order.
    """
    return _predict(candidate, candidate_bundle, (evaluation_pairs, stress_pairs))


def predict_champion(
    champion: Incumbent,
    candidate: ModelRef,
    candidate_predictions: pd.DataFrame,
    candidate_stress: pd.DataFrame,
    evaluation_pairs: pd.DataFrame,
    stress_pairs: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict the same pairs with the champion.

    Returns:
        Two frames of ``PREDICTION_COLUMNS``; the candidate's own predictions where both are the
        same bytes, no rows where there is no champion.
    """
    if champion.ref is None or champion.bundle is None:
        return candidate_predictions.iloc[:0], candidate_stress.iloc[:0]
    if champion.ref.digest == candidate.digest:
        return candidate_predictions, candidate_stress
    return _predict(champion.ref, champion.bundle, (evaluation_pairs, stress_pairs))


def take_place(registry: Registry, candidate: ModelRef, evaluation_pairs: pd.DataFrame) -> int:
    """Count how many different digests these pairs have judged, this candidate included."""
    return count_judgement(registry, candidate, fingerprint_pairs(evaluation_pairs))


def recall_tuning(registry: Registry, candidate: ModelRef) -> dict[str, int]:
    """Ask the candidate's version whether it won a study, and against how many.

    Returns:
        Fields of ``Evidence``; none for parameters that were not tuned.
    """
    trials = registry.tags(candidate).get("tuning_trials")
    return {"candidate_trials": int(trials)} if trials else {}


def measure_costs(
    candidate: ModelRef,
    candidate_bundle: Bundle,
    champion: Incumbent,
    evaluation_pairs: pd.DataFrame,
) -> dict[str, Footprint]:
    """Measure time, bytes and memory of candidate and champion, in turns, on this machine."""
    bundles = {"candidate": candidate_bundle}
    if champion.ref and champion.bundle and champion.ref.digest != candidate.digest:
        bundles["champion"] = champion.bundle
    measured = measure_footprints(
        {name: bundle.payload for name, bundle in bundles.items()},
        {name: _answering(bundle) for name, bundle in bundles.items()},
        evaluation_pairs,
    )
    if champion.ref and champion.ref.digest == candidate.digest:
        measured["champion"] = measured["candidate"]
    return measured


def _answering(bundle: Bundle) -> Callable[[list[str], list[str]], object]:
    model = mlflow.pyfunc.load_model(str(bundle.path))
    return lambda premises, hypotheses: model.predict(
        pd.DataFrame({"premise": premises, "hypothesis": hypotheses})
    )


def _predict(
    ref: ModelRef, bundle: Bundle, frames: tuple[pd.DataFrame, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the bundle's own code on pairs, loaded once."""
    started = time.perf_counter()
    try:
        model = mlflow.pyfunc.load_model(str(bundle.path))
        first, second = (_answer(model, ref, pairs) for pairs in frames)
    except PredictionError:
        raise
    except Exception as error:  # the bundle's code is not ours to foresee
        raise PredictionError(
            f"{ref} cannot be evaluated: {error}. A candidate: train it again; a champion: "
            "`kedro lifecycle rollback`."
        ) from error
    seconds = time.perf_counter() - started
    logger.info("%s: %d pairs in %.1f s.", ref, len(first) + len(second), seconds)
    return first, second


def _answer(model: mlflow.pyfunc.PyFuncModel, ref: ModelRef, pairs: pd.DataFrame) -> pd.DataFrame:
    known = pairs[["pair_id", "label"]].reset_index(drop=True)
    if pairs.empty:
        return known.reindex(columns=PREDICTION_COLUMNS)
    answer = model.predict(pairs[["premise", "hypothesis"]].reset_index(drop=True))
    columns = answer[["label", *PROBABILITY_COLUMNS]]
    if len(columns) != len(pairs):
        raise PredictionError(f"{ref} gave {len(columns)} answers to {len(pairs)} pairs.")
    predictions = pd.concat([known, columns.rename(columns={"label": "predicted"})], axis=1)
    return predictions[PREDICTION_COLUMNS]
