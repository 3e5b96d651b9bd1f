"""Whether a classifier can tell a window's texts from those of quiet times, by logged features.

Single features may each look as before while their combination does not: long premises, and none
of their words in the hypothesis. A domain classifier sees combinations (Rabanser et al. 2019,
NeurIPS).
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import ndtr

from nli_lifecycle.monitoring.columns import Columns, Floats, Ints, Rows, read
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.nli.metrics.proportions import design_effect

LENGTHS = ("premise_words", "hypothesis_words")
SHARES = ("overlap", "unknown_share")
RIDGE = 1.0  # penalty on standardised weights: a few rows must not separate perfectly
MINIMUM_CLUSTERS = (
    30  # of a window: from fewer it cannot be told how much their pairs hang together
)
STEPS = 12  # of Newton's method, which converges in fewer


class TextDriftSettings(BaseModel):
    """How texts are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_pairs: int = Field(100, ge=20, description="of a window, and of the reference")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="two-sided level of the interval")
    seed: int = Field(13, ge=0, description="of the halves that teach and judge")


def text_features(batch: Columns) -> Floats:
    """Features of the sound champions' rows of a batch, shape (n, 6).

    Logarithms of the lengths in words, shares, and whether each share is unknown. A few thousand
    rows are enough for a reference, and are to be held in memory.
    """
    rows = read(batch)
    return row_features(rows)[rows.sound]


def row_features(rows: Rows) -> Floats:
    """The same of all rows, shape (n, 6)."""
    columns = [np.log1p(np.nan_to_num(rows.features[name])) for name in LENGTHS]
    columns += [np.nan_to_num(rows.features[name]) for name in SHARES]
    columns += [np.isnan(rows.features[name]).astype(np.float64) for name in SHARES]
    return np.column_stack(columns)


def text_drift(
    reference: Floats, window: Floats, settings: TextDriftSettings, clusters: Ints | None = None
) -> Finding:
    """Tell a window's rows from the reference's, by a logistic regression that has not seen them.

    Args:
        reference: features, taken as those of independent pairs, shape (m, k).
        window: features, shape (n, k).
        settings: how texts are compared.
        clusters: number of each row's cluster, shape (n,), from 0 without gaps: pairs of one
            request and premise; None: each row is its own. A cluster either teaches or is judged,
            and the variance is that between clusters (as Obuchowski 1997, Biometrics 53: 567-578).

    Returns:
        ``text_drift``: ``value`` is the area under the ROC curve (0.5: they cannot be told apart);
        ``effect`` is Cliff's delta, 2 AUC − 1; the p-value is one-sided, not corrected yet;
        interval and test by DeLong et al. 1988 (Biometrics 44: 837-845). Half of the rows teach
        the classifier, the other half are judged: these are independent, so that the test keeps
        its level whatever was learnt (Kim et al. 2021, Annals of Statistics 49: 411-434). Folds
        that teach and judge in turn would look at more rows, but hang together: at a level of 5%
        they accused 10% of quiet windows.
    """
    pairs = len(window)
    fewest = min(len(reference), pairs)
    if fewest < settings.minimum_pairs:
        return Finding(
            name="text_drift",
            state="insufficient" if len(reference) else "missing",
            pairs=pairs,
            why=f"{pairs} pairs in the window, {len(reference)} in the reference; of each "
            f"{settings.minimum_pairs} are asked for.",
        )
    rows = _expanded(np.vstack([reference, window]))
    ours = np.repeat([0.0, 1.0], [len(reference), pairs])
    generator = np.random.default_rng(settings.seed)
    together = np.arange(pairs) if clusters is None else clusters
    sizes = len(reference), int(together.max()) + 1
    if sizes[1] < MINIMUM_CLUSTERS:
        return Finding(
            name="text_drift",
            state="insufficient",
            pairs=pairs,
            why=f"The {pairs} pairs of the window are about {sizes[1]} premises, at least "
            f"{MINIMUM_CLUSTERS} are asked for.",
        )
    teaching = [generator.permutation(n) % 2 == 0 for n in sizes]
    taught = np.concatenate([teaching[0], teaching[1][together]])
    scores = rows[~taught] @ _logistic(rows[taught], ours[taught])
    before, now = scores[ours[~taught] == 0], scores[ours[~taught] == 1]
    judged = np.unique(together[~taught[len(reference) :]], return_inverse=True)[1]
    area, variance = delong(before, now, judged)
    error = sqrt(variance)
    half = NormalDist().inv_cdf((1 + settings.confidence) / 2) * error
    p_value = float(ndtr((0.5 - area) / error)) if error > 0 else float(area <= 0.5)
    return Finding(
        name="text_drift",
        state="measured",
        value=area,
        low=max(0.0, area - half),
        high=min(1.0, area + half),
        reference=0.5,
        effect=2 * area - 1,
        p_value=p_value,
        pairs=pairs,
    )


def delong(before: Floats, now: Floats, clusters: Ints | None = None) -> tuple[float, float]:
    """Area under the ROC curve of scores, and its variance (DeLong et al. 1988).

    Args:
        before: scores of negatives, shape (m,), m ≥ 2.
        now: scores of positives, shape (n,), n ≥ 2.
        clusters: of the positives, as in ``text_drift``.
    """
    from scipy.stats import rankdata  # half a second, which only those pay who measure this

    m, n = len(before), len(now)
    ranks = rankdata(np.concatenate([before, now]))
    above = (ranks[m:] - rankdata(now)) / m  # share of negatives below each positive
    below = 1 - (ranks[:m] - rankdata(before)) / n
    variance = above.var(ddof=1) / n * design_effect(above, clusters) + below.var(ddof=1) / m
    return float(above.mean()), float(variance)


def _expanded(features: Floats) -> Floats:
    """Standardised features with their products, and a column of ones."""
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    first, second = np.triu_indices(scaled.shape[1])
    return np.column_stack([np.ones(len(scaled)), scaled, scaled[:, first] * scaled[:, second]])


def _logistic(rows: Floats, ours: Floats) -> Floats:
    """Weights of a logistic regression with a ridge penalty, by Newton's method."""
    weights = np.zeros(rows.shape[1])
    penalty = RIDGE * np.eye(rows.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (ours - chance) - penalty @ weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + penalty
        weights += np.linalg.solve(curve, slope)
    return weights
