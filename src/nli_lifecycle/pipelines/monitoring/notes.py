"""What people should know of a round, beside its figures: a sentence each, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from nli_lifecycle.monitoring.alerting.record import said
from nli_lifecycle.monitoring.alerting.watch import Watched
from nli_lifecycle.monitoring.columns import UNKNOWN
from nli_lifecycle.monitoring.measured import References
from nli_lifecycle.monitoring.realised import SKEW
from nli_lifecycle.monitoring.rereading import Joined
from nli_lifecycle.monitoring.state import MonitoringState, digests
from nli_lifecycle.monitoring.truths import Truths
from nli_lifecycle.serving.log.reading import NoLogHere

MLFLOW_AWAY = "MLflow was not told everything: it does not answer. The next round tells the rest."


def no_log(error: NoLogHere) -> str:
    """There is nothing to read yet."""
    return f"{error} Start nli-serve with the same NLI_LOG_URL, or wait for the first request."


def of_reading(newest: datetime | None, now: datetime, closed: int) -> Iterator[str]:
    """Yield what was odd about the rows."""
    if newest is not None and newest - now > SKEW:
        yield (
            f"The newest row says {said(newest)}, which is ahead of now ({said(now)}): set the "
            "clocks. Windows go by arrival and are right; ages and silences are not."
        )
    if closed:
        yield (
            f"window_pairs has changed. Unfinished windows that were ended as they were: {closed}; "
            "the next ones have the new size."
        )


def of_rows(reasons: Mapping[str, int], late: int) -> Iterator[str]:
    """Yield which requests of an inference table are no rows that count."""
    if reasons:
        counted = ", ".join(f"{why}: {count}" for why, count in sorted(reasons.items()))
        yield (
            f"Rows that could not be used, by reason ({counted}). Those of failed requests, and "
            "those that are there twice, are in no window; the others are damaged rows of theirs."
        )
    if late:
        yield (
            f"Requests that came to the table later than it is waited for: {late}. They are in no "
            "window; raise settle_minutes of the catalog entry inference_log."
        )


def of_feedback(joined: Joined, truths: Truths) -> Iterator[str]:
    """Yield what became of words that count for nothing."""
    if joined.strays:
        pairs = ", ".join(f"{request} at {position}" for request, position in joined.named)
        yield (
            f"Labels about answers that the log does not hold: {joined.strays} ({pairs}"
            f"{', …' if joined.strays > len(joined.named) else ''}). They were deleted, are still "
            "in the service's journal, or the request id is wrong."
        )
    if joined.late:
        yield (
            f"Labels about windows that take none any more: {joined.late}. Send them sooner, or "
            "raise measuring.realised.oldest."
        )
    if truths.disputed:
        yield (
            f"Pairs whose sources disagree, which count for nothing: {truths.disputed}. Name the "
            "sources that decide under truths.priority."
        )
    if truths.damaged:
        yield (
            f"Words that are no label of ours: {truths.damaged}. Send entailment, neutral or "
            "contradiction."
        )


def of_references(state: MonitoringState, references: References, enough: int) -> Iterator[str]:
    """Yield what the model that answers now lacks to be compared with."""
    for digest in digests(state.kept)[:1]:
        known = state.references.get(digest)
        who = f"The model that answers now ({digest[:12]})"
        if digest == UNKNOWN:
            yield "The log does not say which model answers: nothing can be compared with it."
        elif known is None or known.why:
            why = known.why if known else "the registry was not asked yet"
            yield f"{who} has no complete reference: {why.rstrip('.')}."
        if digest != UNKNOWN and references.makeshift(digest):
            first = state.first_windows.get(digest)
            count = len(first.windows) if first else 0
            yield (
                f"Drift is measured from the first {enough} windows after the release, not from "
                "the evaluation set."
                if count >= enough > 0
                else f"Drift is not measured yet: {count} of the first {enough} windows are there."
            )


def of_alerting(watched: Watched) -> Iterator[str]:
    """Yield what people were not told, and what was not done."""
    channels: dict[str, list[str]] = {}
    for waiting in watched.delivered.waiting:
        channels.setdefault(waiting.channel, []).append(waiting.why)
    for name, reasons in channels.items():
        yield (
            f"Channel {name} has not taken its messages, {len(reasons)} in all: "
            f"{reasons[0].rstrip('.')}. They are sent again in the next round."
        )
    if watched.acted is None:
        return
    for action_id in watched.acted.unsettled:
        yield f"What became of {action_id} is not known; nothing of its kind is done meanwhile."
    for withheld in watched.acted.plan.withheld:
        yield f"No {withheld.action} for {', '.join(withheld.alerts)}: {withheld.why}."
