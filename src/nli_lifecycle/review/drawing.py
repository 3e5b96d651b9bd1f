"""Which pairs people are asked about: some drawn blindly, others because models struggle there."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from nli_lifecycle.nli.data.pairs import fingerprint
from nli_lifecycle.nli.predictions import PROBABILITY_COLUMNS, check_same_pairs
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.records import draw

#: One row of a queue: the pair, its own label, why it is in, and what the models said.
QUEUE_COLUMNS = [
    *("review_id", "reason", "pair_id", "genre", "premise", "hypothesis", "label"),
    *("candidate", "candidate_confidence", "champion", "champion_confidence"),
]


def draw_queue(
    pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame | None,
    worst: Sequence[npt.NDArray[np.bool_]],
    parameters: ReviewParameters,
) -> pd.DataFrame:
    """Choose a candidate's queue.

    The random pairs are the first in the order of ``draw`` and are chosen before all others, so
    that no model has a say in them. Disagreements are the first of all disagreements in that
    order: a random sample of them. A reason with too few pairs leaves its places to random ones.

    Args:
        pairs: the evaluation pairs.
        candidate_predictions: of these pairs, in their order.
        champion_predictions: likewise; None where there is no champion: then none disagree.
        worst: the slices that did worst, a flag per pair, each of shape (n,).
        parameters: how many, by which shares, in which order.

    Returns:
        ``QUEUE_COLUMNS``, each pair once, in an order that says nothing; fewer than asked for
        where there are fewer pairs.

    Raises:
        PredictionError: predictions of other pairs.
    """
    found = _answered(pairs, candidate_predictions, champion_predictions)
    found["bad"] = np.any(worst, axis=0) if worst else False
    found["drawn"] = found["review_id"].map(draw)
    found = found.sort_values("drawn").drop_duplicates("review_id", ignore_index=True)
    found["reason"] = ""
    # In another order than the draw, or the next random pairs would all be among them.
    by_name = found.assign(name=found["review_id"].map(_digest)).sort_values("name")
    apart = found["champion"].notna() & found["candidate"].ne(found["champion"])
    pools = {
        "random": found.index,
        "disagreement": found.index[apart],
        "low_confidence": by_name.sort_values("candidate_confidence", kind="stable").index,
        "worst_slice": by_name.index[by_name["bad"]],
    }
    quotas = parameters.quotas()
    for reason, pool in pools.items():
        _fill(found, reason, pool, quotas[reason])
    _fill(found, "random", found.index, parameters.rows - int(found["reason"].ne("").sum()))
    queue = found[found["reason"].ne("")]
    places = queue["review_id"].map(lambda one: _digest(f"{parameters.seed}:{one}"))
    return queue.loc[places.sort_values().index, QUEUE_COLUMNS].reset_index(drop=True)


def _fill(found: pd.DataFrame, reason: str, pool: pd.Index, quota: int) -> None:
    free = pool[found.loc[pool, "reason"].eq("")]
    found.loc[free[:quota], "reason"] = reason


def _answered(
    pairs: pd.DataFrame, candidate: pd.DataFrame, champion: pd.DataFrame | None
) -> pd.DataFrame:
    found = pairs[["pair_id", "genre", "premise", "hypothesis", "label"]].reset_index(drop=True)
    found["genre"] = found["genre"].fillna("")
    found["review_id"] = list(map(fingerprint, found["premise"], found["hypothesis"]))
    for name, predictions in (("candidate", candidate), ("champion", champion)):
        if predictions is None:
            found[name], found[f"{name}_confidence"] = None, np.nan
            continue
        check_same_pairs(predictions, pairs, f"the {name}")
        found[name] = predictions["predicted"].to_numpy()
        found[f"{name}_confidence"] = predictions[PROBABILITY_COLUMNS].max(axis=1).to_numpy()
    return found


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
