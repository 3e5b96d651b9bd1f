"""Ready-made evidence for the tests of what judges and stores it."""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import EvaluationSet, Evidence, Method, Trust
from nli_lifecycle.lifecycle.decision import Decision, decide
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.standing import Standing
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.budgets import Footprint
from nli_lifecycle.nli.data.overlap import Overlap
from nli_lifecycle.nli.metrics.figures import (
    Calibration,
    ClassMeasures,
    Comparison,
    CoveragePoint,
    Interval,
    Measures,
    ReliabilityBin,
    Selective,
    SubsetMeasures,
)

POLICY = Policy.model_validate(
    {
        "minimum_rows": 100,
        "minimums": {"accuracy": 0.7, "macro_f1": 0.6, "recall": {"contradiction": 0.5}},
        "minimums_by": "interval",
        "non_inferiority": {"accuracy": 1.0, "macro_f1": 2.0},
        "confidence": 0.95,
    }
)
CANDIDATE = ModelRef(name="dev.nli.classifier", version="2", digest="b" * 64)
CHAMPION = ModelRef(name="dev.nli.classifier", version="1", digest="a" * 64)


def around(estimate: float, margin: float = 0.01) -> Interval:
    return Interval(estimate, estimate - margin, estimate + margin)


#: Trained on other pairs than those it is judged on.
UNSEEN = Trust(
    overlap=Overlap(training_rows=4_500, exact=0, near=0, premises=0),
    shortcut=None,
    temperature=1.1,
)


def measures(
    accuracy=around(0.85), macro_f1=around(0.84), recall=around(0.8), support=400, ece=0.04
):
    return Measures(
        accuracy=accuracy,
        macro_f1=macro_f1,
        log_loss=around(0.4),
        brier=around(0.2),
        classes={label: ClassMeasures(recall, recall, recall, support) for label in LABELS},
        confusion=((support, 0, 0),) * 3,
        calibration=Calibration(ece, (ReliabilityBin(3 * support, 0.89, 0.85),)),
        selective=Selective(0.06, (CoveragePoint(0.8, 0.9, 0.7), CoveragePoint(1.0, 0.85, 0.4))),
    )


def comparison(
    accuracy=around(0.0, 0.005), macro_f1=around(0.0, 0.005), mcnemar=1.0, **further
) -> Comparison:
    return Comparison(
        accuracy=accuracy,
        macro_f1=macro_f1,
        log_loss=further.get("log_loss", around(0.0, 0.005)),
        brier=further.get("brier", around(0.0, 0.005)),
        both_right=1_000,
        only_candidate_right=20,
        only_champion_right=20,
        both_wrong=160,
        mcnemar=mcnemar,
        design_effect=1.0,
    )


def part(name: str, difference: Interval | None, kind: str = "genre") -> SubsetMeasures:
    champion = around(0.8) if difference else None
    return SubsetMeasures(kind, name, 300, around(0.8), champion, difference)


def evidence(
    champion: ModelRef | None = CHAMPION,
    compared: Comparison | None = None,
    policy: Policy = POLICY,
    rows: int = 1_200,
    judged: int = 1,
    trust: Trust = UNSEEN,
    champion_trust: Trust = UNSEEN,
    slices: tuple[SubsetMeasures, ...] = (),
    stress: tuple[SubsetMeasures, ...] = (),
    candidate_footprint: Footprint | None = None,
    champion_footprint: Footprint | None = None,
    **measured,
) -> Evidence:
    """Evidence that POLICY promotes, unless the arguments make it worse."""
    return Evidence(
        environment="dev",
        candidate=CANDIDATE,
        champion=champion,
        evaluation_set=EvaluationSet(
            fingerprint="f" * 64, rows=rows, premises=rows, source="sample", judged=judged
        ),
        policy_hash=policy.content_hash(),
        method=Method(
            confidence=0.95,
            bound_confidence=policy.bound_confidence(judged),
            resamples=2_000,
            seed=13,
        ),
        candidate_measures=measures(**measured),
        champion_measures=measures() if champion else None,
        comparison=(compared or comparison()) if champion else None,
        slices=slices,
        stress=stress,
        candidate_trust=trust,
        champion_trust=champion_trust if champion else None,
        candidate_footprint=candidate_footprint,
        champion_footprint=champion_footprint,
    )


def judged(policy: Policy, measured: Evidence, **standing) -> Decision:
    """Decide where the ledger agrees with the evidence, unless the arguments say otherwise."""
    standing = {"epoch": 1, "head": "e" * 64, "champion": measured.champion, **standing}
    return decide(policy, measured, Standing.model_validate(standing))
