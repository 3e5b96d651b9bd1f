"""The model card of a candidate, and what of it the registry's own page shows."""

from __future__ import annotations

from collections.abc import Mapping

from nli_lifecycle.lifecycle.decision import Decision
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.metrics.figures import Interval, Measures

MARK = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?"}


def write_card(
    decision: Decision, evidence: Evidence, policy: Policy, tags: Mapping[str, str]
) -> str:
    """Write a model card: what, against what, why, numbers, where it comes from.

    Args:
        decision: the judgement.
        evidence: what it rests on.
        policy: by which it was made.
        tags: of the candidate's version: its lineage.

    Returns:
        Markdown.
    """
    ours, theirs = evidence.candidate_measures, evidence.champion_measures
    pairs = evidence.evaluation_set
    lines = [
        f"# {decision.candidate}",
        "",
        "Natural Language Inference: does a premise entail a hypothesis, contradict it, or",
        "neither? Takes `premise` and `hypothesis`, gives `label` and a probability per label.",
        "",
        f"## {decision.environment}: {decision.outcome}",
        "",
        f"Judged against {decision.champion or 'no champion'} on {pairs.rows:,} pairs of source "
        f"`{pairs.source}`, at epoch {decision.standing.epoch} of the release ledger.",
        "",
        f"| figure ({evidence.method.confidence:.0%} interval) | this model | champion |",
        "| --- | --- | --- |",
        f"| accuracy | {_cell(ours.accuracy)} | {_cell(theirs.accuracy if theirs else None)} |",
        f"| macro-F1 | {_cell(ours.macro_f1)} | {_cell(theirs.macro_f1 if theirs else None)} |",
        f"| log loss | {_cell(ours.log_loss)} | {_cell(theirs.log_loss if theirs else None)} |",
        *(
            f"| recall of {label} | {_cell(figures.recall)} | {_cell(_recall(theirs, label))} |"
            for label, figures in ours.classes.items()
        ),
        "",
        "## Why",
        "",
        *(
            f"- {'i' if rule.advisory else MARK[rule.outcome]} {rule.sentence}"
            for rule in decision.rules
        ),
        "",
        "## Where it comes from",
        "",
        *(f"- {name}: {value}" for name, value in _origin(decision, tags).items()),
        "",
        "## Limits",
        "",
        "The figures hold for pairs like those it was judged on. Slices and stress suites on which "
        "it is weak are in the decision report beside this card.",
        "",
        f"Policy `{policy.content_hash()}`  ",
        f"Evidence `{decision.evidence_hash}`  ",
        f"Decision `{decision.content_hash()}`",
    ]
    return "\n".join(lines) + "\n"


def describe(decision: Decision, evidence: Evidence, run: str | None) -> str:
    """The version's description in the registry: the decision in short, and where the rest is.

    Args:
        decision: the judgement.
        evidence: what it rests on.
        run: address of the MLflow run, None without tracking.
    """
    figures = evidence.candidate_measures
    said = " ".join(decision.reasons()[:3])
    where = f"\n\n[Decision report and model card]({run}/artifacts/decision)" if run else ""
    return (
        f"**{decision.outcome}** in {decision.environment}, against "
        f"{decision.champion or 'no champion'}. Accuracy {figures.accuracy.estimate:.1%}, macro-F1 "
        f"{figures.macro_f1.estimate:.3f} on {evidence.evaluation_set.rows:,} pairs. {said}{where}"
    )


def figure_tags(evidence: Evidence) -> dict[str, str]:
    """Key figures as tags of the version, for tables of versions."""
    figures = evidence.candidate_measures
    return {
        "accuracy": f"{figures.accuracy.estimate:.4f}",
        "macro_f1": f"{figures.macro_f1.estimate:.4f}",
        "judged_pairs": str(evidence.evaluation_set.rows),
    }


def _origin(decision: Decision, tags: Mapping[str, str]) -> dict[str, str]:
    trials = tags.get("tuning_trials")
    named = {
        "way here": tags.get("lineage"),
        "trained by": tags.get("author"),
        "training data": tags.get("data_version"),
        "training key": tags.get("training_key"),
        "tuning": trials and f"best of {trials} trials of study {tags.get('tuning_study')}",
        "code": tags.get("code_version"),
        "commit": tags.get("git_sha"),
        "digest": decision.candidate.digest,
    }
    return {name: value for name, value in named.items() if value}


def _recall(measures: Measures | None, label: str) -> Interval | None:
    return measures.classes[label].recall if measures else None


def _cell(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{interval.estimate:.4f} ({interval.lower:.4f} to {interval.upper:.4f})"
