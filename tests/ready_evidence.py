"""Ready-made evidence for the tests of what judges and stores it."""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import EvaluationSet, Evidence, Method
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics import ClassMeasures, Interval, Measures

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


def measures(accuracy=around(0.85), macro_f1=around(0.84), recall=around(0.8), support=400):
    return Measures(
        accuracy=accuracy,
        macro_f1=macro_f1,
        log_loss=around(0.4),
        classes={label: ClassMeasures(recall, recall, recall, support) for label in LABELS},
        confusion=((support, 0, 0),) * 3,
    )


def evidence(
    champion: ModelRef | None = CHAMPION,
    differences: dict[str, Interval] | None = None,
    policy: Policy = POLICY,
    rows: int = 1_200,
    **measured,
) -> Evidence:
    """Evidence that POLICY promotes, unless the arguments make it worse."""
    if champion is not None and differences is None:
        differences = {
            "accuracy": around(0.0, 0.005),
            "macro_f1": around(0.0, 0.005),
            "log_loss": around(0.0, 0.005),
        }
    return Evidence(
        environment="dev",
        candidate=CANDIDATE,
        champion=champion,
        evaluation_set=EvaluationSet(fingerprint="f" * 64, rows=rows, source="sample"),
        policy_hash=policy.content_hash(),
        method=Method(confidence=0.95, bound_confidence=0.95, resamples=2_000, seed=13),
        candidate_measures=measures(**measured),
        champion_measures=measures() if champion else None,
        differences=differences,
    )
