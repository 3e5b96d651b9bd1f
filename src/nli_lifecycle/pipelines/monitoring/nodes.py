"""Nodes of monitoring: read the log, join labels, measure, tell MLflow, alert, remember, report.

Effects come in an order by which a round that is killed anywhere is repeated whole: what MLflow was
told is found again, alerting judges a window once, and the state is written last.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.monitoring.alerting.channels import open_channels
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.watch import Watched, watch
from nli_lifecycle.monitoring.log import InferenceLog, read_windows
from nli_lifecycle.monitoring.measured import References, add_first_windows, measure_kept
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.monitoring.realised import feedback_without_prediction
from nli_lifecycle.monitoring.report import Account, MonitoringReport
from nli_lifecycle.monitoring.rereading import join_labels, measure_texts, read_words
from nli_lifecycle.monitoring.state import KeptWindow, MonitoringState
from nli_lifecycle.monitoring.windows import Windows
from nli_lifecycle.pipelines.monitoring import notes
from nli_lifecycle.pipelines.monitoring.asking import ask_registry
from nli_lifecycle.pipelines.monitoring.effects import LedgerEffects
from nli_lifecycle.pipelines.monitoring.reporting import report_round
from nli_lifecycle.pipelines.monitoring.retraining import open_retraining
from nli_lifecycle.pipelines.monitoring.round import MonitoringError, Round
from nli_lifecycle.pipelines.monitoring.window_runs import WindowRuns
from nli_lifecycle.report.monitoring.page import render_monitoring
from nli_lifecycle.serving.log.reading import NoLogHere
from nli_lifecycle.tracking import set_tags

logger = logging.getLogger(__name__)


def read_log(
    inference_log: InferenceLog,
    last_state: MonitoringState | None,
    registry: Registry,
    parameters: MonitoringParameters,
) -> Round:
    """Read what came since the last round, and cut it into windows.

    Args:
        inference_log: the log; there need be none yet.
        last_state: of the last round; None: this is the first.
        registry: says the registered model's name; it is not contacted.
        parameters: of monitoring.

    Raises:
        MonitoringError: the log cannot be read, or is another one than the state's.
    """
    now = datetime.now(UTC)
    state = last_state or MonitoringState(
        model=registry.name, began=now, cut=Windows(parameters.window_pairs).to_json()
    )
    windows = Windows.from_json(state.cut)
    before = windows.watermark
    start = Round(state, now, before, before)
    try:
        until = inference_log.watermark()
        if until < before:
            raise MonitoringError(
                f"The inference log ends at arrival {until:,}, but monitoring has read it up to "
                f"{before:,}: it was replaced, or put back from a copy. If this is the log to go "
                "on with, move the state away (catalog entry monitoring_state): it is then counted "
                "anew from its first row. Else give NLI_LOG_URL the address of the right one."
            )
        closed = windows.resize(parameters.window_pairs)
        taken = read_windows(inference_log, windows, until, parameters.keep_windows)
    except NoLogHere as error:
        if before:
            raise MonitoringError(
                f"{error} Monitoring has read it up to arrival {before:,}: check NLI_LOG_URL."
            ) from error
        return start.changed(notes.no_log(error))
    except SQLAlchemyError as error:
        raise MonitoringError(
            f"The inference log cannot be read ({type(error).__name__}). Check NLI_LOG_URL and "
            "that its database is running; what was not read is read in the next round."
        ) from error
    found = [KeptWindow.of(window) for window in (*closed, *taken.windows)]
    rows, in_windows = state.account.rows + taken.rows, state.account.in_windows + taken.in_windows
    in_windows += sum(window.summary.rows for window in closed)
    damaged = sum(window.summary.damaged for window in closed)
    newest = [moment for moment in (state.newest_row, taken.newest) if moment]
    account = state.account.model_copy(
        update={
            "rows": rows,
            "in_windows": in_windows,
            "waiting": windows.waiting,
            "repeated": windows.repeated,
            "shadows": rows - in_windows - windows.waiting - windows.repeated,
            "damaged": state.account.damaged + taken.damaged + damaged,
        }
    )
    read = start.changed(
        *notes.of_reading(taken.newest, now, len(closed)),
        cut=windows.to_json(),
        kept=(*state.kept, *found)[-parameters.keep_windows :],
        newest_row=max(newest, default=None),
        account=account,
        first_windows=add_first_windows(state.first_windows, found, parameters.first_windows),
    )
    return replace(read, until=until, fresh=frozenset(window.number for window in found))


def find_references(registry: Registry, read: Round, parameters: MonitoringParameters) -> Round:
    """Ask the registry what the releases of these windows were measured to be.

    Where it does not answer, what it said last is used: what the log says must be told anyway.
    """
    return ask_registry(registry, read, parameters)


def join_feedback(
    inference_log: InferenceLog, asked: Round, parameters: MonitoringParameters
) -> Round:
    """Join labels with the answers of all windows that still take some, and compare texts.

    Raises:
        MonitoringError: the log cannot be read.
    """
    state = asked.state
    if not asked.until:
        return asked
    try:
        awaiting = [window for window in state.kept if window.summary is not None]
        first = min((w.first_arrival for w in awaiting), default=asked.before + 1)
        words = read_words(inference_log, first, parameters.truths)
        joined = join_labels(inference_log, state.kept, asked.until, words.truths)
        references = {
            digest: features
            for digest, known in state.references.items()
            if (features := known.features()) is not None
        }
        unread = [window for window in awaiting if window.text_drift is None]
        texts = measure_texts(inference_log, unread, references, parameters.text_drift)
    except SQLAlchemyError as error:
        raise MonitoringError(
            f"The inference log cannot be read any more ({type(error).__name__}). Check that its "
            "database is running; the next round reads it again."
        ) from error
    kept = tuple(
        window.model_copy(update={"text_drift": texts[window.number]})
        if window.number in texts
        else window
        for window in joined.kept
    )
    account = Account.model_validate(
        {
            **state.account.model_dump(),
            "words": words.truths.words,
            "labelled": joined.labelled,
            "disputed": words.truths.disputed,
            "damaged_words": words.truths.damaged,
            "without_prediction": joined.strays,
        }
    )
    told = notes.of_feedback(joined, words.truths)
    return replace(
        asked.changed(*told, kept=kept, account=account), strays=(joined.strays, joined.named)
    )


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
    retraining = retrain and open_retraining(retrain, folder, registry.environment)
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
