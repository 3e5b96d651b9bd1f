"""Nodes of promotion: decide, write it down for people, release."""

from __future__ import annotations

from nli_lifecycle.lifecycle.decision import Decision, decide
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.release import ReleaseRecord, release
from nli_lifecycle.nli.metrics import Interval
from nli_lifecycle.tracking import run_tags

VERDICT = {
    "promote": "The candidate becomes champion.",
    "hold": "The candidate waits: not every rule could be settled.",
    "reject": "The candidate is refused; the champion stays.",
    "unchanged": "The candidate is the champion: nothing changes.",
}
FIGURES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "log_loss": "log loss"}
MARK = {"PASS": "✓ PASS", "FAIL": "✗ FAIL", "INCONCLUSIVE": "? INCONCLUSIVE"}


def make_decision(policy: Policy, evidence: Evidence) -> Decision:
    """Judge the candidate by the environment's policy."""
    return decide(policy, evidence)


def write_decision(decision: Decision, evidence: Evidence) -> str:
    """Write the decision for people, as Markdown."""
    champion = decision.champion
    lines = [
        f"# {decision.environment}: {decision.outcome}",
        "",
        VERDICT[decision.outcome],
        "",
        f"- candidate: {decision.candidate}",
        f"- champion when judged: {champion or 'none yet'}",
        f"- measured on: {evidence.evaluation_set.rows:,} pairs, "
        f"source {evidence.evaluation_set.source}",
        "",
        "| rule | outcome | reason |",
        "| --- | --- | --- |",
        *(f"| {rule.rule} | {MARK[rule.outcome]} | {rule.sentence} |" for rule in decision.rules),
        "",
        *_figures(evidence),
        "",
        f"Evidence `{decision.evidence_hash}`  ",
        f"Policy `{decision.policy_hash}`  ",
        f"Decision `{decision.content_hash()}`",
    ]
    return "\n".join(lines) + "\n"


def carry_out(registry: Registry, decision: Decision) -> ReleaseRecord:
    """Carry the decision out in the environment's registry."""
    return release(registry, decision, run_tags().get("run_id"))


def _figures(evidence: Evidence) -> list[str]:
    ours, theirs = evidence.candidate_measures, evidence.champion_measures
    differences = evidence.differences or {}
    lines = [
        f"| figure ({evidence.method.confidence:.0%} interval) | candidate | champion "
        f"| difference (bounds at {evidence.method.bound_confidence:.0%}) |",
        "| --- | --- | --- | --- |",
    ]
    for metric, name in FIGURES.items():
        figures = getattr(ours, metric), theirs and getattr(theirs, metric)
        cells = *map(_cell, figures), _cell(differences.get(metric), sign="+")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _cell(interval: Interval | None, sign: str = "") -> str:
    if interval is None:
        return "–"
    estimate, lower, upper = (
        format(figure, f"{sign}.4f")
        for figure in (interval.estimate, interval.lower, interval.upper)
    )
    return f"{estimate} ({lower} to {upper})"
