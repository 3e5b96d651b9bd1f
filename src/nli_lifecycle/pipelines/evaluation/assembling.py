"""Nodes of evaluation that put everything measured into documents."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import EvaluationSet, Evidence, Shortcut, Trust
from nli_lifecycle.lifecycle.exhibits import Disagreement, Exhibits
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.budgets import Footprint
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.nli.data.overlap import find_overlap
from nli_lifecycle.nli.disagreements import most_instructive
from nli_lifecycle.nli.origin import read_origin
from nli_lifecycle.nli.predictions import fingerprint_pairs
from nli_lifecycle.parameters import EvaluationParameters

Fields = dict[str, Any]


def measure_trust(
    champion: Incumbent, candidate_bundle: Bundle, evaluation_pairs: pd.DataFrame
) -> Fields:
    """Compare the evaluation pairs with what each model was trained on.

    Returns:
        Fields of ``Evidence``.
    """
    fields = {"candidate_trust": _trust(candidate_bundle, evaluation_pairs)}
    if champion.bundle is not None:
        fields["champion_trust"] = _trust(champion.bundle, evaluation_pairs)
    return fields


def assemble_evidence(
    environment: str,
    source: str,
    candidate: ModelRef,
    champion: Incumbent,
    test_pairs: pd.DataFrame,
    evaluation_pairs: pd.DataFrame,
    times_judged: int,
    quality: Fields,
    parts: Fields,
    trust: Fields,
    tuned: Fields,
    shadow: Fields,
    reviewed: Fields,
    footprints: dict[str, Footprint],
    policy: Policy,
) -> Evidence:
    """Put everything measured into one document."""
    budgets: Fields = {}
    if any(limit is not None for limit in policy.budgets.model_dump().values()):
        budgets = {f"{name}_footprint": found for name, found in footprints.items()}
    return Evidence(
        environment=environment,
        candidate=candidate,
        champion=champion.ref,
        evaluation_set=EvaluationSet(
            fingerprint=fingerprint_pairs(evaluation_pairs),
            rows=len(evaluation_pairs),
            premises=evaluation_pairs["premise"].nunique(),
            left_out=len(test_pairs) - len(evaluation_pairs),
            source=source,
            judged=times_judged,
        ),
        policy_hash=policy.content_hash(),
        **quality,
        **parts,
        **trust,
        **tuned,
        **shadow,
        **reviewed,
        **budgets,
    )


def gather_exhibits(
    evidence: Evidence,
    evaluation_pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame,
    footprints: dict[str, Footprint],
    evaluation: EvaluationParameters,
) -> Exhibits:
    """Choose what people should look at beside the evidence."""
    chosen = most_instructive(
        evaluation_pairs,
        candidate_predictions,
        champion_predictions if evidence.champion else None,
        evaluation.disagreements,
    )
    return Exhibits(
        evidence_hash=evidence.content_hash(),
        disagreements=tuple(map(Disagreement.model_validate, chosen.to_dict("records"))),
        footprints=footprints,
    )


def _trust(bundle: Bundle, pairs: pd.DataFrame) -> Trust:
    settings = json.loads((bundle.payload / "inference.json").read_text(encoding="utf-8"))
    origin = read_origin(bundle)
    shortcut = None
    if origin and origin.hypothesis_only:
        model = origin.hypothesis_only
        shortcut = Shortcut(
            accuracy=model.accuracy(pairs),
            majority=float((pairs["label"] == model.majority).mean()),
        )
    return Trust(
        overlap=find_overlap(origin.rows, pairs) if origin else None,
        shortcut=shortcut,
        temperature=settings["temperature"],
    )
