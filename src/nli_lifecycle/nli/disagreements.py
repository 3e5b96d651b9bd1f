"""The pairs worth reading: where two models contradict each other and mean it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nli_lifecycle.nli.predictions import PROBABILITY_COLUMNS, check_same_pairs

COLUMNS = [
    *("pair_id", "genre", "premise", "hypothesis", "label"),
    *("candidate", "champion", "candidate_confidence", "champion_confidence", "right"),
]


def most_instructive(
    pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame | None,
    count: int = 20,
) -> pd.DataFrame:
    """Choose the pairs on which the two models disagree most surely.

    Surest first, by the product of both confidences; taken in turns from what the candidate
    broke, what it repaired, and what neither gets right, so that no kind hides the others.

    Args:
        pairs: the evaluation pairs.
        candidate_predictions: of these pairs, in their order.
        champion_predictions: likewise; None where there is no champion: then the candidate's
            surest errors are chosen.
        count: at most so many.

    Returns:
        ``COLUMNS``; ``right`` is ``champion``, ``candidate`` or ``neither``.

    Raises:
        PredictionError: predictions of other pairs.
    """
    check_same_pairs(candidate_predictions, pairs, "the candidate")
    if champion_predictions is not None:
        check_same_pairs(champion_predictions, pairs, "the champion")
    found = pairs[["pair_id", "genre", "premise", "hypothesis", "label"]].reset_index(drop=True)
    found["genre"] = found["genre"].fillna("")
    found["candidate"] = candidate_predictions["predicted"].to_numpy()
    found["candidate_confidence"] = _confidence(candidate_predictions)
    ours = found["candidate"] == found["label"]
    if champion_predictions is None:
        found["champion"], found["champion_confidence"] = None, None
        found["right"] = np.where(ours, "candidate", "neither")
        errors = found.loc[~ours]
        return errors.nlargest(count, "candidate_confidence")[COLUMNS].reset_index(drop=True)
    found["champion"] = champion_predictions["predicted"].to_numpy()
    found["champion_confidence"] = _confidence(champion_predictions)
    theirs = found["champion"] == found["label"]
    found["right"] = np.select([ours, theirs], ["candidate", "champion"], "neither")
    apart = found.loc[found["candidate"] != found["champion"]].copy()
    apart["sureness"] = apart["candidate_confidence"] * apart["champion_confidence"]
    apart = apart.sort_values("sureness", ascending=False, kind="stable")
    apart["turn"] = apart.groupby("right").cumcount()
    kinds = {"champion": 0, "candidate": 1, "neither": 2}
    apart["kind"] = apart["right"].map(kinds)
    return apart.sort_values(["turn", "kind"])[COLUMNS].head(count).reset_index(drop=True)


def _confidence(predictions: pd.DataFrame) -> np.ndarray:
    return np.asarray(predictions[PROBABILITY_COLUMNS].to_numpy(dtype=np.float64).max(axis=1))
