"""How far the hypothesis alone gives the label away: the yardstick of a data set's honesty.

A linear model on hashed words and word pairs (Gururangan et al. 2018, NAACL; Poliak et al. 2018,
*SEM). It is fitted on the same training pairs as the real model and travels with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from nli_lifecycle.nli.labels import LABELS

#: Most pairs the baseline is fitted on, and judged on, to take seconds on a corpus of any size.
MOST_ROWS = 20_000

#: Words and word pairs share so many places; fewer collide where they hurt.
FEATURES = 2**15

#: Inverse strength of regularisation; of 0.3 … 10 the best on SICK, SNLI and MultiNLI together.
REGULARISATION = 1.0


class HypothesisOnly(BaseModel):
    """A linear bag-of-words classifier that never sees the premise, against the majority."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accuracy: float
    majority: float  # accuracy of always answering the most frequent training label
    rows_fitted: int
    rows_judged: int


@dataclass(frozen=True)
class HypothesisModel:
    """The fitted baseline: ``weights`` (3, FEATURES + 1) float32, the last column the intercept."""

    weights: npt.NDArray[np.float32]
    majority: str

    def predict(self, hypotheses: Sequence[str]) -> npt.NDArray[np.object_]:
        """Labels of n hypotheses, shape (n,)."""
        scores = _features(hypotheses) @ self.weights[:, :-1].T + self.weights[:, -1]
        return np.asarray([LABELS[best] for best in np.asarray(scores).argmax(axis=1)], object)

    def accuracy(self, pairs: pd.DataFrame) -> float:
        """Share of the pairs whose label it guesses."""
        return float((self.predict(pairs["hypothesis"].tolist()) == pairs["label"]).mean())


def fit_hypothesis_only(train: pd.DataFrame) -> HypothesisModel | None:
    """Fit words and word pairs of the hypothesis to the label.

    Args:
        train: pairs; of more than ``MOST_ROWS``, about so many are drawn.

    Returns:
        The model; None where there is nothing to learn: one label, or no words.
    """
    if len(train) > MOST_ROWS:
        train = thin({"train": MOST_ROWS / len(train)}, train.assign(split="train"))
    if train["label"].nunique() < 2 or not train["hypothesis"].str.contains(r"\w").any():
        return None

    # scikit-learn takes a second to import, and every pipeline is imported by every command.
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    classifier = LogisticRegression(C=REGULARISATION, max_iter=200)
    with threadpool_limits(1):  # sparse rows: further threads only wait for each other
        classifier.fit(_features(train["hypothesis"].tolist()), train["label"])
    weights = np.full((len(LABELS), FEATURES + 1), 0.0, dtype=np.float32)
    weights[:, -1] = -np.inf  # a label never seen is never guessed
    two = len(classifier.classes_) == 2  # then one row of weights stands for the second class
    for position, label in enumerate(classifier.classes_):
        row = (-0.5, 0.5)[position] if two else 1.0
        source = 0 if two else position
        target = LABELS.index(label)
        weights[target, :-1] = row * classifier.coef_[source]
        weights[target, -1] = row * classifier.intercept_[source]
    return HypothesisModel(weights, str(train["label"].value_counts().idxmax()))


def hypothesis_only(train: pd.DataFrame, test: pd.DataFrame) -> HypothesisOnly | None:
    """Fit the baseline, and judge it on other pairs.

    Args:
        train: pairs to fit on; without any, the half of ``test`` whose premises hash low is.
        test: pairs to judge on.

    Returns:
        Its accuracy beside the majority's; None where there is too little to fit or judge.
    """
    if train.empty:
        low = test["premise_fingerprint"].str[-1] < "8"
        train, test = test.loc[low], test.loc[~low]
    model = None if test.empty or train.empty else fit_hypothesis_only(train)
    if model is None:
        return None
    return HypothesisOnly(
        accuracy=model.accuracy(test),
        majority=float((test["label"] == model.majority).mean()),
        rows_fitted=len(train),
        rows_judged=len(test),
    )


def thin(shares: dict[str, float], pairs: pd.DataFrame) -> pd.DataFrame:
    """Draw pairs by their fingerprints, so that any order and division draws the same.

    Args:
        shares: split → share of its pairs to draw.
        pairs: with ``fingerprint`` and ``split``.

    Returns:
        The pairs drawn.
    """
    pairs = pairs[pairs["split"].isin(list(shares))]
    draws = np.array([int(key[-8:], 16) / 2**32 for key in pairs["fingerprint"]])
    return pairs[draws < pairs["split"].map(shares).fillna(0.0).to_numpy()]


def _features(hypotheses: Sequence[str]) -> Any:
    """Sparse (n, FEATURES) counts, each row of length 1; no vocabulary to carry around."""
    from sklearn.feature_extraction.text import HashingVectorizer

    # One-letter words count: "a" and "no" tell a lot about a hypothesis.
    return HashingVectorizer(
        n_features=FEATURES, ngram_range=(1, 2), token_pattern=r"\w+", alternate_sign=False
    ).transform(hypotheses)
