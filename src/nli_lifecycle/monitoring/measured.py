"""Measuring all windows of which something may have changed: labels, age, reference."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from tqdm import tqdm

from nli_lifecycle.monitoring.alarms import with_alarms
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.measuring import measure_window
from nli_lifecycle.monitoring.observing import Observation, observe_estimate, observe_realised
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.state import FirstWindows, KeptWindow, KnownReference, SeenAt
from nli_lifecycle.monitoring.summary import Summary

NO_TEXTS = "The evaluation set's text features are not known: see the notes of the report."


def add_first_windows(
    known: Mapping[str, FirstWindows], fresh: Iterable[KeptWindow], most: int
) -> dict[str, FirstWindows]:
    """Add new windows to the first ones of their release, until there are enough.

    Args:
        known: digest → its first windows so far.
        fresh: new windows, by number.
        most: windows that are enough.
    """
    found = dict(known)
    for window in fresh:
        before = found.get(window.digest)
        numbers = before.windows if before else ()
        if len(numbers) < most and window.summary is not None:
            summary = Summary.from_json(window.summary)
            if before:
                summary = Summary.from_json(before.summary) + summary
            found[window.digest] = FirstWindows(
                windows=(*numbers, window.number), summary=summary.to_json()
            )
    return found


class References:
    """What each window is compared with."""

    def __init__(
        self,
        known: Mapping[str, KnownReference],
        first_windows: Mapping[str, FirstWindows],
        enough: int,
    ) -> None:
        """Take evidence, and where it says nothing of traffic, the first windows of a release.

        Args:
            known: digest → what the release is compared with.
            first_windows: digest → its first windows.
            enough: first windows that make a reference.
        """
        self._known = {digest: one.reference() for digest, one in known.items()}
        self._first = {
            digest: (set(one.windows), Summary.from_json(one.summary))
            for digest, one in first_windows.items()
            if len(one.windows) >= enough > 0
        }

    def of(self, window: KeptWindow) -> Reference:
        """The reference of one window; first windows are not compared with themselves."""
        reference = self._known.get(window.digest, Reference())
        first = self._first.get(window.digest)
        if reference.summary is None and first and window.number not in first[0]:
            return replace(reference, summary=first[1])
        return reference

    def makeshift(self, digest: str) -> bool:
        """Whether drift is measured from first windows, or from nothing."""
        return self._known.get(digest, Reference()).summary is None

    def pairs(self) -> dict[str, int]:
        """Digest → rows that drift is measured from."""
        found = {digest: summary.pairs for digest, (_, summary) in self._first.items()}
        known = {digest: one.summary for digest, one in self._known.items()}
        return found | {digest: one.pairs for digest, one in known.items() if one is not None}


def measure_kept(
    kept: Sequence[KeptWindow],
    references: References,
    now: datetime,
    parameters: MonitoringParameters,
    last: Finding,
) -> tuple[KeptWindow, ...]:
    """Measure all windows that still have a summary; close those whose labels come too late.

    Args:
        kept: windows by number, with their labels.
        references: what each is compared with.
        now: with a zone.
        parameters: of monitoring.
        last: a finding of the whole round, told with the latest window.
    """
    recent: dict[str, deque[Labelled]] = {}
    measured: list[KeptWindow] = []
    for window in tqdm(kept, desc="Measuring", unit=" windows", disable=None, delay=2):
        others = [last] if window is kept[-1] else []
        lately = recent.setdefault(window.digest, deque(maxlen=parameters.recent_windows))
        window = _measured(
            window, references, sum(lately, Labelled.empty()), now, parameters, others
        )
        realised = window.finding("realised_accuracy")
        if realised is not None and realised.state == "measured":
            lately.append(window.labels)
        measured.append(window)
    alarmed = with_alarms(measured, references.pairs(), parameters.detectors)
    oldest = parameters.measuring.realised.oldest
    return tuple(
        window.model_copy(update={"summary": None}) if now - window.end >= oldest else window
        for window in alarmed
    )


def _measured(
    window: KeptWindow,
    references: References,
    recent: Labelled,
    now: datetime,
    parameters: MonitoringParameters,
    others: Sequence[Finding],
) -> KeptWindow:
    whole = window.window()
    if whole is None:
        return window
    reference = references.of(window)
    labelled = window.labels
    texts = window.text_drift or Finding(
        name="text_drift", state="missing", pairs=whole.summary.pairs, why=NO_TEXTS
    )
    found = measure_window(
        whole, reference, labelled, recent, now, parameters.measuring, [texts, *others]
    )
    return window.model_copy(
        update={
            "found": found,
            "estimated": _seen(observe_estimate(whole.summary, reference)),
            "realised": _seen(observe_realised(labelled, reference)),
        }
    )


def _seen(observation: Observation | None) -> SeenAt | None:
    return SeenAt(**asdict(observation)) if observation else None
