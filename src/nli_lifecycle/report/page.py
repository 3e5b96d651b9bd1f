"""The decision as one HTML page that needs nothing else: no server, no network, no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from nli_lifecycle.lifecycle.decision import Decision
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.budgets import Footprint
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.figures import Measures
from nli_lifecycle.report.charts import line_chart
from nli_lifecycle.report.tables import FIGURES, compared_figures, parts_table, policy_margins
from nli_lifecycle.report.templates import templates

VERDICTS = {
    "promote": ("Promote", "The candidate passed every rule and becomes champion."),
    "hold": ("Hold", "Not every rule could be settled. Nothing changes meanwhile."),
    "reject": ("Reject", "The candidate failed a rule and is not released."),
    "unchanged": ("Unchanged", "The candidate is the champion, byte for byte."),
}
NEXT = {
    "promote": "Nothing to do here. The next environment can take it in.",
    "hold": "Settle what is inconclusive: more evaluation pairs, or the approval it waits for.",
    "reject": "Look at the failed rules and the disagreements below; train a better candidate.",
    "unchanged": "Nothing to do.",
}


def write_report(
    *,
    decision: Decision,
    evidence: Evidence,
    disagreements: pd.DataFrame,
    footprints: Mapping[str, Footprint],
    lineage: Mapping[str, str],
    policy: Policy,
) -> str:
    """Write the page.

    Args:
        decision: the judgement.
        evidence: what it rests on.
        disagreements: pairs worth reading, as ``nli.disagreements.most_instructive`` gives them.
        footprints: costs of ``candidate`` and, where there is one, ``champion``.
        lineage: tags of the candidate's version.
        policy: the rules; its margins are drawn.

    Returns:
        HTML; the same arguments give the same text.
    """
    page = templates()
    verdict, said = VERDICTS[decision.outcome]
    models = _models(evidence)
    return page.get_template("page.html.j2").render(
        decision=decision,
        evidence=evidence,
        policy=policy,
        verdict=verdict,
        said=said,
        next_step=NEXT[decision.outcome],
        decision_hash=decision.content_hash(),
        models=models,
        labels=LABELS,
        figures=FIGURES,
        forests=compared_figures(evidence, policy_margins(policy)),
        confusions={name: _confusion(measures) for name, measures in models.items()},
        reliability=_reliability(models),
        coverage=_coverage(models),
        slices=parts_table(evidence.slices, policy.slices.margin),
        stress=parts_table(evidence.stress, policy.stress.margin),
        disagreements=disagreements.astype(object).to_dict("records"),
        footprints=footprints,
        lineage=dict(sorted(lineage.items())),
    )


def _models(evidence: Evidence) -> dict[str, Measures]:
    models = {"candidate": evidence.candidate_measures}
    if evidence.champion_measures:
        models["champion"] = evidence.champion_measures
    return models


def _confusion(measures: Measures) -> list[list[dict[str, Any]]]:
    """Cells by true label: count, and share of the true label."""
    return [
        [{"count": count, "share": count / max(1, sum(row))} for count in row]
        for row in measures.confusion
    ]


def _reliability(models: Mapping[str, Measures]) -> Markup:
    lines = {
        name: [(100 * part.confidence, 100 * part.accuracy) for part in measures.calibration.bins]
        for name, measures in models.items()
    }
    return Markup(
        line_chart(
            lines,
            title="Accuracy against confidence; on the diagonal they agree",
            x_label="confidence, %",
            y_label="accuracy, %",
            x_range=(20, 100),
            diagonal=True,
        )
    )


def _coverage(models: Mapping[str, Measures]) -> Markup:
    lines = {
        name: [(100 * point.coverage, 100 * point.accuracy) for point in measures.selective.points]
        for name, measures in models.items()
    }
    return Markup(
        line_chart(
            lines,
            title="Accuracy on the surest answers against the share of answers given",
            x_label="answers given, the surest first, %",
            y_label="accuracy on them, %",
            x_range=(0, 100),
        )
    )
