"""The end of a run in one glance: for people on the terminal, for machines in summary.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from mlflow import ActiveRun
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

if TYPE_CHECKING:  # it brings SciPy along, for which `kedro lifecycle status` need not wait
    from nli_lifecycle.lifecycle.decision import Decision

STYLE = {"promote": "green", "unchanged": "green", "hold": "yellow", "reject": "red"}
MARK = {
    "PASS": "[green]✓[/]",
    "FAIL": "[red]✗[/]",
    "INCONCLUSIVE": "[yellow]?[/]",
    "ADVICE": "[cyan]i[/]",
}


def summarise(
    catalog: DataCatalog,
    pipeline: Pipeline,
    settings: Mapping[str, Any],
    seconds: Mapping[str, float],
    run: ActiveRun | None,
) -> dict[str, Any]:
    """Collect the run's figures from the documents it wrote.

    Args:
        catalog: the catalog of the run.
        pipeline: what ran; only documents that it wrote are read.
        settings: the environment's globals.
        seconds: wall time per stage.
        run: the MLflow run, None where tracking is off.

    Returns:
        Plain values under the documented names; None for what this run did not produce.
    """
    written = pipeline.all_outputs()

    def document(name: str) -> Any:
        return catalog.load(name) if name in written else None

    report, evidence = document("data_report"), document("evidence")
    decision, candidate = document("decision"), document("candidate")
    measures = evidence.candidate_measures if evidence else None
    tuning, scoring = document("tuning_report"), document("scoring_report")
    return {
        "environment": settings["environment"],
        "source": report.source if report else None,
        "rows_read": report.rows_read if report else None,
        "rows_kept": report.rows_kept if report else None,
        "rows_quarantined": report.rows_quarantined if report else None,
        "accuracy": measures.accuracy.estimate if measures else None,
        "macro_f1": measures.macro_f1.estimate if measures else None,
        "hypothesis_only_accuracy": report.hypothesis_only_accuracy if report else None,
        "tuning": {
            "study": tuning.study,
            "trials": tuning.competed,
            "macro_f1": tuning.best.score,
            "parameters": tuning.best.parameters,
        }
        if tuning
        else None,
        "tuning_trials": evidence.candidate_trials if evidence else None,
        "decision": decision.outcome if decision else None,
        "reasons": [
            f"{'ADVICE' if rule.advisory else rule.outcome}: {rule.sentence}"
            for rule in decision.rules
        ]
        if decision
        else None,
        "approve": what_to_approve(decision) if decision else None,
        "report": f"{settings['data_root']}/08_reporting/decision.html" if decision else None,
        "scoring": scoring.summary() if scoring else None,
        "monitoring": _monitoring(document("monitoring_report"), document("monitoring_watched")),
        "model": candidate.name if candidate else None,
        "version": candidate.version if candidate else None,
        "digest": candidate.digest if candidate else None,
        "experiment": settings["experiment"],
        "run_id": run.info.run_id if run else None,
        "seconds": {stage: round(value, 1) for stage, value in seconds.items()},
    }


def print_summary(summary: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the summary as a small panel; rows that this run did not produce are left out."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    if summary["rows_read"] is not None:
        rows.add_row(
            "Data",
            f"{summary['source']}: {summary['rows_read']:,} rows read = "
            f"{summary['rows_kept']:,} kept + {summary['rows_quarantined']:,} quarantined",
        )
    if summary["accuracy"]:
        floor = summary["hypothesis_only_accuracy"]
        rows.add_row(
            "Quality",
            f"accuracy {summary['accuracy']:.1%}, macro-F1 {summary['macro_f1']:.3f}"
            + (f" (from the hypothesis alone: {floor:.1%})" if floor else ""),
        )
    if tuning := summary["tuning"]:
        found = ", ".join(f"{name} {value}" for name, value in tuning["parameters"].items())
        rows.add_row(
            "Tuning",
            f"best of {tuning['trials']} trials: {found} (macro-F1 {tuning['macro_f1']:.3f} on "
            "validation, which the choice flatters)",
        )
    elif summary["tuning_trials"]:
        rows.add_row("Tuning", f"parameters chosen among {summary['tuning_trials']} trials")
    if summary["decision"]:
        outcome = summary["decision"]
        rows.add_row("Decision", f"[bold {STYLE[outcome]}]{outcome}[/]")
        for reason in summary["reasons"]:
            verdict, _, sentence = reason.partition(": ")
            rows.add_row("", f"{MARK[verdict]} {sentence}")
    if summary["model"]:
        rows.add_row(
            "Model", f"{summary['model']} version {summary['version']} ({summary['digest'][:12]})"
        )
    if scoring := summary["scoring"]:
        _tell_scoring(scoring, rows)
    if monitoring := summary["monitoring"]:
        from nli_lifecycle.monitoring.telling import lines

        for head, text in lines(monitoring):
            rows.add_row(head, text)
    if summary["report"]:
        rows.add_row("Report", f"{_from_here(summary['report'])} (open it in a browser)")
    if summary["approve"]:
        rows.add_row("Approve", f"[cyan]{summary['approve']}[/]")
    rows.add_row("MLflow", f"experiment {summary['experiment']}, run {summary['run_id']}")
    stages = ", ".join(f"{stage} {value:.0f} s" for stage, value in summary["seconds"].items())
    rows.add_row("Time", f"{stages}; together {sum(summary['seconds'].values()):.0f} s")
    env = "" if summary["environment"] == "dev" else f" ENV={summary['environment']}"
    rows.add_row(
        "Next", f"[cyan]make ui{env}[/] for MLflow, [cyan]make viz{env}[/] for pipelines and plots"
    )
    title = f"nli-lifecycle · {summary['environment']}"
    (console or Console()).print(Panel(rows, title=title, title_align="left", expand=False))


def _tell_scoring(scoring: Mapping[str, Any], rows: Table) -> None:
    counts = (f"{reason} {count:,}" for reason, count in scoring["quarantined"].items())
    why = f" ({', '.join(counts)})" if scoring["quarantined"] else ""
    rows.add_row(
        "Pairs",
        f"{scoring['rows_read']:,} rows read = {scoring['rows_scored']:,} scored + "
        f"{scoring['rows_quarantined']:,} quarantined{why}",
    )
    shares = ", ".join(
        f"{label} {count / max(1, scoring['rows_scored']):.1%}"
        for label, count in scoring["labels"].items()
    )
    speed = f", {scoring['pairs_per_second']:,.0f} pairs a second" if scoring["rows_new"] else ""
    rows.add_row("Labels", f"{shares} ({scoring['rows_new']:,} scored now{speed})")
    rows.add_row(
        "Scored by",
        f"{scoring['model']} version {scoring['version']} ({scoring['digest'][:12]}), "
        f"epoch {scoring['epoch']}",
    )
    rows.add_row("Scores", f"{_from_here(scoring['output'])}/scores")


def _monitoring(report: Any, watched: Any) -> dict[str, Any] | None:
    if report is None or watched is None:
        return None
    from nli_lifecycle.monitoring.telling import summarise_round

    return summarise_round(report, watched)


def what_to_approve(decision: Decision) -> str | None:
    """The command that is all this decision waits for; None where it waits for more."""
    deciding = [rule for rule in decision.rules if not rule.advisory]
    open_rules = {rule.rule for rule in deciding if rule.outcome != "PASS"}
    if decision.outcome != "hold" or not open_rules <= {"approval", "rolled back"}:
        return None
    version = decision.candidate.version
    return (
        f"kedro lifecycle approve --env {decision.environment} --version {version} --reason …, "
        f"then kedro run --env {decision.environment} --pipelines promotion"
    )


def _from_here(path: str) -> str:
    """The path as one would type it here, where it is below the working directory."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
