"""The report of a round, out of what is kept."""

from __future__ import annotations

from datetime import datetime

from nli_lifecycle.monitoring.alerting.judging import current
from nli_lifecycle.monitoring.alerting.state import State
from nli_lifecycle.monitoring.report import MonitoringReport, WindowShown
from nli_lifecycle.monitoring.slicing import slice_qualities
from nli_lifecycle.monitoring.state import MonitoringState

MOST_EVENTS = 200  # latest alerts, and actions, that are shown


def report_round(
    state: MonitoringState,
    *,
    now: datetime,
    environment: str,
    alerting: State,
    confidence: float,
    notes: tuple[str, ...],
) -> MonitoringReport:
    """Put together what there is to see.

    Args:
        state: as it is kept.
        now: when the round began.
        environment: its name.
        alerting: what the event log adds up to.
        confidence: two-sided level of the slices' intervals.
        notes: what people should know.
    """
    latest = current(state.history())
    answering = [one for one in state.kept if latest and one.digest == latest.digest]
    return MonitoringReport(
        environment=environment,
        model=state.model,
        made=now,
        watermark=state.cut["watermark"],
        account=state.account,
        windows=tuple(
            WindowShown(found=one.found, alarms=one.alarms, run_id=one.run_id)
            for one in state.kept
            if one.found
        ),
        slices=slice_qualities((one.slices for one in answering), confidence),
        releases=state.releases,
        alerts=tuple(alerting.alerts.values())[-MOST_EVENTS:],
        actions=tuple(alerting.actions.values())[-MOST_EVENTS:],
        notes=notes,
    )
