"""Detectors' alarms as findings, so that rules and people see them like any other figure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isinf, sqrt

from nli_lifecycle.monitoring.detectors import DetectorSettings, drifted, fallen, limit_of
from nli_lifecycle.monitoring.drift import FEATURES
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.observing import Observation
from nli_lifecycle.monitoring.state import KeptWindow, SeenAt

#: Findings of detectors: 1 where it rang in the window, 0 where it did not. The name of the second
#: says, as all such names do, that it rests on labels.
ESTIMATED, REALISED, DRIFTED = "estimated_accuracy_alarm", "realised_accuracy_alarm", "drift_alarm"
ALARMS = (ESTIMATED, REALISED, DRIFTED)
TESTED = ("label_mix", *FEATURES, "text_drift")


def with_alarms(
    kept: Sequence[KeptWindow], reference_pairs: dict[str, int], settings: DetectorSettings
) -> tuple[KeptWindow, ...]:
    """Let the detectors look at the windows of each release.

    Args:
        kept: measured windows, by number.
        reference_pairs: digest → rows that drift is measured from.
        settings: how sensitive.

    Returns:
        The windows; those that are still measured have the alarms among their findings.
    """
    rung: dict[int, tuple[Finding, ...]] = {}
    by_key = sorted(kept, key=lambda window: (window.key, window.number))
    for (_, _, digest, _), group in groupby(by_key, key=lambda window: window.key):
        windows = list(group)
        pairs = reference_pairs.get(digest, 0)
        found = (
            _by_sums(ESTIMATED, "estimated_accuracy", windows, settings),
            _by_sums(REALISED, "realised_accuracy", windows, settings),
            _by_tests(windows, pairs, settings),
        )
        rung |= {window.number: alarms for window, alarms in zip(windows, zip(*found))}
    return tuple(
        _rang(window, rung[window.number]) if window.summary is not None else window
        for window in kept
    )


def _rang(window: KeptWindow, alarms: Sequence[Finding]) -> KeptWindow:
    assert window.found is not None
    others = [one for one in window.found.findings if one.name not in ALARMS]
    found = window.found.model_copy(update={"findings": (*others, *alarms)})
    names = tuple(one.name for one in alarms if one.value)
    return window.model_copy(update={"found": found, "alarms": names})


def _by_sums(
    name: str, figure: str, windows: Sequence[KeptWindow], settings: DetectorSettings
) -> list[Finding]:
    """CUSUM over a figure's shortfalls."""
    kept = [window.estimated if name == ESTIMATED else window.realised for window in windows]
    seen = [_usable(one, window, figure) for one, window in zip(kept, windows)]
    alarms = []
    for window, observation, rang in zip(windows, seen, fallen(seen, settings)):
        measured = window.finding(figure)
        pairs = measured.pairs if measured else 0
        if observation is None:
            why = measured.why if measured and measured.state != "measured" else _UNKNOWN
            alarms.append(Finding(name=name, state="insufficient", pairs=pairs, why=why))
        elif isinf(limit_of(observation, settings)):
            alarms.append(Finding(name=name, state="insufficient", pairs=pairs, why=_TOO_VAGUE))
        else:
            alarms.append(Finding(name=name, state="measured", value=float(rang), pairs=pairs))
    return alarms


def _by_tests(
    windows: Sequence[KeptWindow], reference_pairs: int, settings: DetectorSettings
) -> list[Finding]:
    """n of m over the smallest corrected p-value of each window."""
    p_values = [_smallest(window) for window in windows]
    ratio = sqrt(max(map(_pairs, windows)) / reference_pairs) if reference_pairs else 0.0
    return [
        Finding(name=DRIFTED, state="measured", value=float(rang), pairs=_pairs(window))
        if p_value is not None
        else Finding(name=DRIFTED, state="insufficient", pairs=_pairs(window), why=_NO_DRIFT)
        for window, p_value, rang in zip(windows, p_values, drifted(p_values, settings, ratio))
    ]


def _usable(seen: SeenAt | None, window: KeptWindow, figure: str) -> Observation | None:
    measured = window.finding(figure)
    if seen is None or measured is None or measured.state != "measured":
        return None
    return Observation(**seen.model_dump())


def _smallest(window: KeptWindow) -> float | None:
    found = [window.finding(name) for name in TESTED]
    values = [one.p_value for one in found if one is not None and one.p_value is not None]
    return min(values, default=None)


def _pairs(window: KeptWindow) -> int:
    return window.found.pairs if window.found else 0


_UNKNOWN = (
    "There is nothing to compare with: the release's evidence is not known. See the notes of the "
    "monitoring report."
)
_TOO_VAGUE = (
    "The release's accuracy is not known to within half the drop to be found: evaluate on more "
    "pairs, or raise monitoring.detectors.drop."
)
_NO_DRIFT = "No drift was measured in this window: see the reasons of label_mix and the others."
