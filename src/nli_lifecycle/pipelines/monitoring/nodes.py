"""Nodes of monitoring that do not read the log: ask, measure, tell MLflow, alert, remember, report.

Effects come in an order by which a round that is killed anywhere is repeated whole: what MLflow was
told is found again, alerting judges a window once, and the state is written last.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from mlflow.exceptions import MlflowException

from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.monitoring.alerting.channels import open_channels
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.watch import Watched, watch
from nli_lifecycle.monitoring.measured import References, measure_kept
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.monitoring.realised import feedback_without_prediction
from nli_lifecycle.monitoring.report import MonitoringReport
from nli_lifecycle.monitoring.state import MonitoringState
from nli_lifecycle.pipelines.monitoring import notes
from nli_lifecycle.pipelines.monitoring.asking import ask_registry
from nli_lifecycle.pipelines.monitoring.effects import LedgerEffects
from nli_lifecycle.pipelines.monitoring.reporting import report_round
from nli_lifecycle.pipelines.monitoring.retraining import open_retraining
from nli_lifecycle.pipelines.monitoring.round import Round
from nli_lifecycle.pipelines.monitoring.window_runs import WindowRuns
from nli_lifecycle.report.monitoring.page import render_monitoring
from nli_lifecycle.tracking import set_tags

logger = logging.getLogger(__name__)


def find_references(registry: Registry, read: Round, parameters: MonitoringParameters) -> Round:
    """Ask the registry what the releases of these windows were measured to be.

    Where it does not answer, what it said last is used: what the log says must be told anyway.
    """
    return ask_registry(registry, read, parameters)


def measure(joined: Round, parameters: MonitoringParameters) -> Round:
    """Measure every window of which something may have changed, and let detectors look."""
    state = joined.state
    references = References(state.references, state.first_windows, parameters.first_windows)
    kept = measure_kept(
        state.kept, references, joined.now, parameters, feedback_without_prediction(*joined.strays)
    )
    return joined.changed(
        *notes.of_references(state, references, parameters.first_windows), kept=kept
    )


def tell_mlflow(measured: Round, parameters: MonitoringParameters) -> Round:
    """Give each window a run of its own, and draw all of them as curves of the round's run.

    Where MLflow does not answer, the next round tells what is missing.
    """
    kept, settings = measured.state.kept, parameters.tracking
    try:
        runs = WindowRuns(measured.before)
        news = {window.number: window for window in runs.tell(kept, settings.runs_per_round)}
        runs.draw(kept[-settings.charted_windows :])
    except MlflowException as error:
        logger.warning("MLflow was not told everything: %s", error)
        return measured.changed(notes.MLFLOW_AWAY)
    return measured.changed(kept=tuple(news.get(window.number, window) for window in kept))


def raise_alerts(
    alert_events: EventLog, registry: Registry, told: Round, parameters: MonitoringParameters
) -> Watched:
    """Judge, note, act, tell people: docs/alerts.md.

    Raises:
        Busy: another round takes actions.
        LogDamaged, OSError: the event log cannot be read or written.
    """
    alerting, retrain = parameters.alerting, parameters.retrain
    folder = alert_events.path.parent / "retraining"
    retraining = open_retraining(retrain, folder, registry.environment) if retrain else None
    return watch(
        alerting,
        alert_events,
        told.state.history(),
        clock=lambda: datetime.now(UTC),
        channels=open_channels(alerting.channels, lambda name, value: set_tags({name: value})),
        effects=LedgerEffects(registry, retraining),
        last_row=told.state.newest_row,
        watching_since=told.state.began,
    )


def remember(told: Round, watched: Watched) -> MonitoringState:
    """Keep what the next round needs, now that everybody was told."""
    return told.state


def write_report(
    state: MonitoringState,
    told: Round,
    watched: Watched,
    alert_events: EventLog,
    environment: str,
    parameters: MonitoringParameters,
) -> MonitoringReport:
    """Say what the round found, for the page, the report and people."""
    return report_round(
        state,
        now=told.now,
        environment=environment,
        alerting=alert_events.read().state,
        confidence=parameters.measuring.realised.confidence,
        notes=(*told.notes, *notes.of_alerting(watched)),
    )


def write_page(report: MonitoringReport) -> str:
    """Write the report as one page that needs nothing else."""
    return render_monitoring(report)


def end_with(watched: Watched, page: str) -> int:
    """Give the exit code of the command, once the report and its page are there."""
    return watched.exit_code
