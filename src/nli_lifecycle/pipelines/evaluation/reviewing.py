"""Node of evaluation that asks what people said about the evaluation pairs."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.reviewed import (
    Controls,
    Disagreements,
    Relabelled,
    ReviewEvidence,
)
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.data.pairs import fingerprint
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.nli.metrics.proportions import design_effect, paired_difference, wilson
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.pipelines.evaluation.measuring import premise_clusters
from nli_lifecycle.review.records import draw, last_drawn
from nli_lifecycle.review.settling import settle
from nli_lifecycle.review.store import ReviewStore

Fields = dict[str, Any]


def recall_reviews(
    candidate: ModelRef,
    champion: Incumbent,
    evaluation_pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame,
    reviews: ReviewStore,
    evaluation: EvaluationParameters,
    policy: Policy,
) -> Fields:
    """Measure both models by the reviewers' labels, on the pairs that have one.

    The evaluation pairs keep their own labels: a set that changes with every import would compare
    no two candidates alike.

    Returns:
        Fields of ``Evidence``; none where no evaluation pair has a settled label.
    """
    words = reviews.words()
    if not words:
        return {}
    reviewers = policy.reviews.reviewers if policy.reviews else 1
    labels = settle(words, reviewers).labels
    found = evaluation_pairs[["premise", "hypothesis", "label"]].reset_index(drop=True)
    found["review_id"] = list(map(fingerprint, found["premise"], found["hypothesis"]))
    found["reviewed"] = found["review_id"].map(labels)
    found["candidate"] = candidate_predictions["predicted"].to_numpy()
    rival = champion.ref.digest if champion.ref else None
    found["champion"] = champion_predictions["predicted"].to_numpy() if rival else None
    asked = reviews.asked()
    last = last_drawn(asked)
    found["drawn"] = [draw(one) <= last for one in found["review_id"]]
    seen = found[found["reviewed"].notna()]
    if seen.empty:
        return {}
    own = [one for one in asked if one.candidate == candidate.digest]
    # Disagreements of other models are no sample of these models' disagreements.
    apart = {one.review_id for one in own if one.reason == "disagreement" and one.champion == rival}
    sample = seen[seen["drawn"] | seen["review_id"].isin(apart)]
    differ = seen[seen["label"].ne(seen["reviewed"])].sort_values("review_id")
    relabelled = differ[["review_id", "label", "reviewed"]].to_dict("records")
    return {
        "reviews": ReviewEvidence(
            labels=_hash(seen),
            reviewers=reviewers,
            pairs=len(seen),
            own=int(seen["review_id"].isin({one.review_id for one in own}).sum()),
            controls=_controls(found[found["drawn"]], evaluation.confidence),
            disagreements=_disagreements(sample) if rival else None,
            relabelled=tuple(map(Relabelled.model_validate, relabelled)),
        )
    }


def _controls(drawn: pd.DataFrame, confidence: float) -> Controls | None:
    seen = drawn[drawn["reviewed"].notna()]
    if seen.empty:
        return None
    clusters = premise_clusters(seen)

    def share(flags: pd.Series) -> Interval:
        effect = design_effect(flags.to_numpy(dtype=np.float64), clusters)
        return wilson(int(flags.sum()), len(flags), confidence, effect)

    ours = seen["candidate"].eq(seen["reviewed"])
    controls = Controls(
        drawn=len(drawn),
        reviewed=len(seen),
        candidate=share(ours),
        label_noise=share(seen["label"].ne(seen["reviewed"])),
    )
    if seen["champion"].isna().all():
        return controls
    theirs = seen["champion"].eq(seen["reviewed"])
    gained, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    effect = design_effect(ours.to_numpy(dtype=np.float64) - theirs, clusters)
    difference = paired_difference(len(seen), gained, lost, (1 + confidence) / 2, effect)
    return controls.model_copy(update={"champion": share(theirs), "difference": difference})


def _disagreements(sample: pd.DataFrame) -> Disagreements | None:
    # It brings scipy.stats: half a second, which commands that do not evaluate need not pay.
    from nli_lifecycle.nli.metrics.comparison import mcnemar

    apart = sample[sample["candidate"].ne(sample["champion"])]
    if apart.empty:
        return None
    won, lost = (int(apart[name].eq(apart["reviewed"]).sum()) for name in ("candidate", "champion"))
    return Disagreements(reviewed=len(apart), won=won, lost=lost, mcnemar=mcnemar(won, lost))


def _hash(seen: pd.DataFrame) -> str:
    lines = sorted(f"{name} {label}" for name, label in zip(seen["review_id"], seen["reviewed"]))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
