"""Nodes of review: draw a candidate's queue, keep it, write its sheets and the settled pairs."""

from __future__ import annotations

import logging

import pandas as pd

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.metrics.figures import SubsetMeasures
from nli_lifecycle.nli.predictions import fingerprint_pairs
from nli_lifecycle.nli.slices import find_slices
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.review.drawing import draw_queue
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.progress import Progress, describe
from nli_lifecycle.review.records import Asked
from nli_lifecycle.review.settling import Settled, settle, still_open, training_pairs
from nli_lifecycle.review.sheets import write_csv, write_jsonl
from nli_lifecycle.review.store import ReviewStore

logger = logging.getLogger(__name__)


def choose_queue(
    evidence: Evidence,
    evaluation_pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame,
    evaluation: EvaluationParameters,
    review: ReviewParameters,
) -> pd.DataFrame:
    """Choose the pairs to ask about, from what the last evaluation predicted.

    Returns:
        ``QUEUE_COLUMNS``.

    Raises:
        DataError: the pairs are not those of the evidence.
    """
    if fingerprint_pairs(evaluation_pairs) != evidence.evaluation_set.fingerprint:
        raise DataError(
            "The evaluation pairs are not those of the last evidence. Run `kedro run --env "
            f"{evidence.environment} --pipelines evaluation` first."
        )
    found = find_slices(evaluation_pairs, evaluation.slices.columns, evaluation.slices.functions)
    flags = {(part.kind, part.name): part.rows for part in found}
    worst = sorted(evidence.slices, key=_how_good)[: review.worst_slices]
    return draw_queue(
        evaluation_pairs,
        candidate_predictions,
        champion_predictions if evidence.champion else None,
        [flags[part.kind, part.name] for part in worst if (part.kind, part.name) in flags],
        review,
    )


def ask_people(
    reviews: ReviewStore, review_queue: pd.DataFrame, evidence: Evidence, policy: Policy
) -> Progress:
    """Keep for ever what is asked, so that any sheet can come back later.

    Returns:
        How far the queue is.
    """
    champion = evidence.champion.digest if evidence.champion else None
    columns = ["review_id", "reason", "pair_id", "genre", "premise", "hypothesis", "label"]
    models = {"candidate": evidence.candidate.digest, "champion": champion}
    asked = [
        Asked.model_validate({**row, **models}) for row in review_queue[columns].to_dict("records")
    ]
    new = reviews.ask(asked)
    progress = describe(asked, _settled(reviews, policy))
    logger.info(
        "Review queue of %s: %d pairs, %d of them new; %d reviewed, %d open.",
        *(evidence.candidate, progress.pairs, new, progress.reviewed, progress.open),
    )
    return progress


def write_sheets(
    review_queue: pd.DataFrame,
    reviews: ReviewStore,
    review_progress: Progress,
    policy: Policy,
    review: ReviewParameters,
) -> tuple[str, str]:
    """Lay out what is still open, for spreadsheets and for tools.

    Args:
        review_queue: the candidate's queue.
        reviews: what people said so far.
        review_progress: orders this node after the queue is kept: no sheet without it.
        policy: says how many people a label needs.
        review: says whether reason and answers are shown.

    Returns:
        CSV, and JSON lines.
    """
    rows = still_open(review_queue, _settled(reviews, policy))
    return write_csv(rows, review.show_answers), write_jsonl(rows, review.show_answers)


def gather_reviewed(
    reviews: ReviewStore, review_progress: Progress, policy: Policy, review: ReviewParameters
) -> pd.DataFrame:
    """Take the reviewed pairs that training may have, as an ordinary source."""
    return training_pairs(reviews.asked(), _settled(reviews, policy), review)


def _settled(reviews: ReviewStore, policy: Policy) -> Settled:
    return settle(reviews.words(), policy.reviews.reviewers if policy.reviews else 1)


def _how_good(part: SubsetMeasures) -> float:
    return part.difference.estimate if part.difference else part.candidate.estimate
