"""Nodes of promotion: read the standing, decide, write it down, release."""

from __future__ import annotations

import pandas as pd

from nli_lifecycle.lifecycle.decision import Decision, decide
from nli_lifecycle.lifecycle.evidence import Evidence, EvidenceError
from nli_lifecycle.lifecycle.exhibits import Exhibits
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.release import ReleaseError, ReleaseRecord, release
from nli_lifecycle.lifecycle.standing import Standing, take_standing
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.report.card import describe, figure_tags, write_card
from nli_lifecycle.report.page import write_report as write_page
from nli_lifecycle.tracking import run_link, run_tags

VERDICT = {
    "promote": "The candidate becomes champion.",
    "hold": "The candidate waits: not every rule could be settled.",
    "reject": "The candidate is refused; the champion stays.",
    "unchanged": "The candidate is the champion: nothing changes.",
}
FIGURES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "log_loss": "log loss",
    "brier": "Brier score",
}
MARK = {"PASS": "✓ PASS", "FAIL": "✗ FAIL", "INCONCLUSIVE": "? INCONCLUSIVE"}


def read_standing(registry: Registry, policy: Policy, evidence: Evidence) -> Standing:
    """Bring the environment into order, and read what the ledger and people say."""
    return take_standing(registry, policy, evidence)


def make_decision(policy: Policy, evidence: Evidence, standing: Standing) -> Decision:
    """Judge the candidate by the environment's policy."""
    return decide(policy, evidence, standing)


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
        *(
            f"| {rule.rule} | {'advice' if rule.advisory else MARK[rule.outcome]} "
            f"| {rule.sentence} |"
            for rule in decision.rules
        ),
        "",
        *_figures(evidence),
        "",
        f"Evidence `{decision.evidence_hash}`  ",
        f"Policy `{decision.policy_hash}`  ",
        f"Decision `{decision.content_hash()}`",
    ]
    return "\n".join(lines) + "\n"


def write_report(
    registry: Registry, decision: Decision, evidence: Evidence, exhibits: Exhibits, policy: Policy
) -> str:
    """Write the decision for people, as one HTML page that needs nothing else.

    Raises:
        EvidenceError: the exhibits belong to other evidence.
    """
    if exhibits.evidence_hash != evidence.content_hash():
        raise EvidenceError(
            "The exhibits belong to other evidence than the decision. Run "
            "`kedro run --pipelines evaluation,promotion`."
        )
    return write_page(
        decision=decision,
        evidence=evidence,
        disagreements=pd.DataFrame([row.model_dump() for row in exhibits.disagreements]),
        footprints=exhibits.footprints,
        lineage=registry.tags(decision.candidate),
        policy=policy,
    )


def write_model_card(
    registry: Registry, decision: Decision, evidence: Evidence, policy: Policy
) -> str:
    """Write the candidate's model card, as Markdown."""
    return write_card(decision, evidence, policy, registry.tags(decision.candidate))


def carry_out(
    registry: Registry,
    policy: Policy,
    evidence: Evidence,
    decision: Decision,
    text: str,
    report: str,
    card: str,
) -> ReleaseRecord:
    """Carry the decision out in the environment's registry.

    Args:
        registry: the environment's registry.
        policy: the rules; with the evidence they prove that the decision was not altered.
        evidence: likewise.
        decision: the judgement.
        text: the decision for people; taken so that nothing moves before it is written down.
        report: its page; likewise.
        card: the model card; its beginning becomes the version's description.

    Raises:
        ReleaseError: the decision does not follow from the policy and the evidence, or does not
            fit the registry and the ledger as they are now.
    """
    if decide(policy, evidence, decision.standing) != decision:
        raise ReleaseError(
            f"The decision on {decision.candidate} does not follow from the policy and the "
            "evidence: one of the three was altered. Run "
            f"`kedro run --env {decision.environment} --pipelines promotion`."
        )
    if decision.outcome != "unchanged":
        registry.tag(decision.candidate, figure_tags(evidence))
        registry.describe(decision.candidate, describe(decision, evidence, run_link()))
    return release(registry, decision, run_tags().get("run_id"), policy.manual_moves)


def _figures(evidence: Evidence) -> list[str]:
    ours, theirs = evidence.candidate_measures, evidence.champion_measures
    differences = evidence.comparison
    lines = [
        f"| figure ({evidence.method.confidence:.0%} interval) | candidate | champion "
        f"| difference (bounds at {evidence.method.bound_confidence:.0%}) |",
        "| --- | --- | --- | --- |",
    ]
    for metric, name in FIGURES.items():
        figures = getattr(ours, metric), theirs and getattr(theirs, metric)
        cells = *map(_cell, figures), _cell(getattr(differences, metric, None), sign="+")
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
