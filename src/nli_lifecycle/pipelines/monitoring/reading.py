"""Nodes of monitoring that read the log: its new rows, and those that got labels since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from nli_lifecycle.errors import first_line
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.monitoring.log import InferenceLog, LogUnreadable, Taken, came_late, read_windows
from nli_lifecycle.monitoring.measured import add_first_windows
from nli_lifecycle.monitoring.naming import NamedLog
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.monitoring.report import Account, ReleaseMark
from nli_lifecycle.monitoring.rereading import join_labels, measure_texts, read_words
from nli_lifecycle.monitoring.state import KeptWindow, MonitoringState
from nli_lifecycle.monitoring.windows import Window, Windows
from nli_lifecycle.pipelines.monitoring import notes
from nli_lifecycle.pipelines.monitoring.asking import AWAY, read_releases
from nli_lifecycle.pipelines.monitoring.round import MonitoringError, Round
from nli_lifecycle.serving.log.reading import NoLogHere


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
        registry: says the registered model's name, and, where the log knows versions only, what
            the ledger says of them; else it is not contacted.
        parameters: of monitoring.

    Raises:
        MonitoringError: the log cannot be read, or is another one than the state's; or the ledger
            is needed and cannot be read.
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
        log = NamedLog(inference_log, lambda: _ledger(registry))
        late = came_late(inference_log, state.recent)
        taken = read_windows(log, windows, until, parameters.keep_windows)
        recent = inference_log.recent(until)
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
    except LogUnreadable as error:
        raise MonitoringError(f"{error} What was not read is read in the next round.") from error
    found = [KeptWindow.of(window) for window in (*closed, *taken.windows)]
    newest = [moment for moment in (state.newest_row, taken.newest) if moment]
    read = start.changed(
        *notes.of_reading(taken.newest, now, len(closed)),
        *notes.of_rows(taken.reasons, late),
        cut=windows.to_json(),
        kept=(*state.kept, *found)[-parameters.keep_windows :],
        newest_row=max(newest, default=None),
        account=_counted(state.account, taken, closed, windows, late),
        recent=None if recent is None else (until, recent),
        first_windows=add_first_windows(state.first_windows, found, parameters.first_windows),
    )
    return replace(read, until=until)


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
        log = NamedLog(inference_log, lambda: state.releases)
        truths = read_words(log, first, parameters.truths)
        joined = join_labels(log, state.kept, asked.until, truths)
        references = {
            digest: features
            for digest, known in state.references.items()
            if (features := known.features()) is not None
        }
        unread = [window for window in awaiting if window.text_drift is None]
        texts = measure_texts(log, unread, references, parameters.text_drift)
    except SQLAlchemyError as error:
        raise MonitoringError(
            f"The inference log cannot be read any more ({type(error).__name__}). Check that its "
            "database is running; the next round reads it again."
        ) from error
    except LogUnreadable as error:
        raise MonitoringError(f"{error} The next round reads it again.") from error
    kept = tuple(
        window.model_copy(update={"text_drift": texts[window.number]})
        if window.number in texts
        else window
        for window in joined.kept
    )
    account = Account.model_validate(
        {
            **state.account.model_dump(),
            "words": truths.words,
            "labelled": joined.labelled,
            "disputed": truths.disputed,
            "damaged_words": truths.damaged,
            "without_prediction": joined.strays,
        }
    )
    told = notes.of_feedback(joined, truths)
    return replace(
        asked.changed(*told, kept=kept, account=account), strays=(joined.strays, joined.named)
    )


def _ledger(registry: Registry) -> tuple[ReleaseMark, ...]:
    """The ledger's entries, for a log that knows versions only.

    Raises:
        MonitoringError: they cannot be read: rows would be filed under nobody, and stay there.
    """
    try:
        return read_releases(registry)
    except AWAY as error:
        raise MonitoringError(
            f"The log says versions only, and what the ledger of {registry.name} says of them "
            f"cannot be read ({first_line(error)}). The next round reads the same rows."
        ) from error


def _counted(
    before: Account, taken: Taken, closed: Sequence[Window], windows: Windows, late: int
) -> Account:
    """The account with what was read now, and windows that were ended early."""
    rows = before.rows + taken.rows
    in_windows = before.in_windows + taken.in_windows
    in_windows += sum(window.summary.rows for window in closed)
    left_out = before.left_out + taken.left_out
    damaged = before.damaged + taken.damaged + sum(window.summary.damaged for window in closed)
    return before.model_copy(
        update={
            "rows": rows,
            "in_windows": in_windows,
            "waiting": windows.waiting,
            "repeated": windows.repeated,
            "left_out": left_out,
            "late": before.late + late,
            "shadows": rows - in_windows - windows.waiting - windows.repeated - left_out,
            "damaged": damaged,
        }
    )
