"""Detectors' alarms as findings of windows: 1 where one rang, and never "ok" where none can."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from simulated_columns import BEGIN, simulated, taken

from nli_lifecycle.monitoring.alarms import DRIFTED, ESTIMATED, REALISED
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.measured import References, add_first_windows, measure_kept
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.state import KeptWindow, KnownReference
from nli_lifecycle.monitoring.windows import Windows
from nli_lifecycle.nli.metrics.figures import Interval

DIGEST = "d" * 64
NOW = BEGIN + timedelta(days=1)
LAST = Finding(name="feedback_without_prediction", state="measured", value=0.0, pairs=0)
SILENT = {"kind": "dead_man", "name": "silent", "silent_minutes": 60, "sentence": "Look."}
PARAMETERS = MonitoringParameters.model_validate({"alerting": {"rules": [SILENT]}})


def kept_windows(signals: list[float], labels: bool = True) -> list[KeptWindow]:
    """A window of 500 pairs per signal, a model's accuracy; with all labels, or none."""
    windows, kept = Windows(500), []
    for place, signal in enumerate(signals):
        columns, truth = simulated(500, seed=place, signal=signal, believed=1.95)
        columns["arrival"] = [500 * place + n for n in columns["arrival"]]
        (window,) = windows.add(columns)
        one = KeptWindow.of(window)
        if labels:
            shares = np.column_stack([columns[f"p_{name}"] for name in _names()])
            sums = Labelled.of(truth, shares.argmax(axis=1), shares)
            one = one.model_copy(update={"labelled": sums.to_json()})
        kept.append(one)
    return kept


def _names() -> tuple[str, ...]:
    return "entailment", "neutral", "contradiction"


def references(accuracy: float = 0.855, half: float = 0.005, **changes: object) -> References:
    figure = Interval(accuracy, accuracy - half, accuracy + half)
    known = KnownReference.of(Reference(accuracy=figure, macro_f1=figure), None, "")
    return References({DIGEST: known}, changes.get("first", {}), 2)  # type: ignore[arg-type]


def state_of(window: KeptWindow, name: str) -> tuple[str, float | None]:
    found = window.finding(name)
    assert found is not None
    return found.state, found.value


def test_a_fall_rings_within_two_windows_and_is_a_finding() -> None:
    kept = measure_kept(kept_windows([1.95] * 3 + [1.4] * 3), references(), NOW, PARAMETERS, LAST)
    rung = [REALISED in window.alarms for window in kept]
    assert rung[:3] == [False] * 3 and any(rung[3:5])
    assert [state_of(window, REALISED) for window in kept] == [
        ("measured", float(rang)) for rang in rung
    ]


def test_without_labels_the_detector_of_labels_is_insufficient_and_says_why() -> None:
    kept = measure_kept(
        kept_windows([1.95, 1.2], labels=False), references(), NOW, PARAMETERS, LAST
    )
    found = kept[1].finding(REALISED)
    assert found is not None and (found.state, found.value) == ("insufficient", None)
    assert "None of 500 pairs has a label" in found.why
    assert state_of(kept[1], ESTIMATED)[0] == "measured"


def test_evidence_that_is_too_vague_is_insufficient_and_never_quiet() -> None:
    vague = references(half=0.08)
    kept = measure_kept(kept_windows([1.95, 1.95]), vague, NOW, PARAMETERS, LAST)
    found = kept[1].finding(REALISED)
    assert found is not None and found.state == "insufficient"
    assert "within half the drop" in found.why


def test_first_windows_are_a_reference_for_those_after_them_and_drift_rings() -> None:
    kept = kept_windows([1.95] * 5)
    first = add_first_windows({}, kept, 2)
    assert first[DIGEST].windows == (1, 2)
    assert add_first_windows(first, kept[2:], 2) == first
    measured = measure_kept(kept, references(first=first), NOW, PARAMETERS, LAST)
    assert [state_of(window, "label_mix")[0] for window in measured] == ["missing"] * 2 + [
        "measured"
    ] * 3
    assert [state_of(window, DRIFTED)[0] for window in measured[:3]] == [
        "insufficient",
        "insufficient",
        "measured",
    ]


def test_only_labels_of_windows_before_test_the_calibration_and_only_mature_ones() -> None:
    kept = measure_kept(kept_windows([1.2] * 3), references(), NOW, PARAMETERS, LAST)
    states = [state_of(window, "estimated_accuracy")[0] for window in kept]
    assert states == ["measured", "refused", "refused"]  # confidence is as if nothing had happened
    few = kept_windows([1.2] * 3)
    few = [window.model_copy(update={"labelled": _some(window)}) for window in few]
    unripe = measure_kept(few, references(), NOW, PARAMETERS, LAST)
    assert [state_of(window, "estimated_accuracy")[0] for window in unripe] == ["measured"] * 3


def _some(window: KeptWindow) -> dict[str, object]:
    """Labels of the first 250 pairs: half of what is asked for."""
    columns, truth = simulated(500, seed=window.number - 1, signal=1.2, believed=1.95)
    columns = taken(columns, range(250))
    shares = np.column_stack([columns[f"p_{name}"] for name in _names()])
    return Labelled.of(truth[:250], shares.argmax(axis=1), shares).to_json()


def test_a_window_too_old_for_labels_keeps_its_findings_and_detectors_still_count_it() -> None:
    kept = kept_windows([1.95, 1.3, 1.3])
    late = NOW + timedelta(days=20)
    closed = measure_kept(kept, references(), late, PARAMETERS, LAST)
    assert [window.summary for window in closed] == [None] * 3
    assert measure_kept(closed, references(0.5), late, PARAMETERS, LAST) == closed
    again = KeptWindow.model_validate_json(closed[0].model_dump_json())
    assert again == closed[0] and again.labels.pairs == 500


def test_the_round_s_finding_is_told_with_the_latest_window_only() -> None:
    kept = measure_kept(kept_windows([1.95] * 2), references(), NOW, PARAMETERS, LAST)
    assert [window.finding(LAST.name) for window in kept] == [None, LAST]


def test_sums_of_labels_survive_json() -> None:
    window = kept_windows([1.95])[0]
    sums = window.labels
    assert sums.pairs == 500 and 0.8 < sums.right / 500 < 0.9
    assert Labelled.from_json(sums.to_json()).to_json() == sums.to_json()
    assert (sums + Labelled.empty()).to_json() == sums.to_json()


@pytest.mark.parametrize("texts", [None, np.arange(18_000.0).reshape(3_000, 6)])
def test_a_reference_is_remembered_whole_but_for_very_many_texts(texts: np.ndarray | None) -> None:
    figure = Interval(0.9, 0.88, 0.92)
    before = Reference(accuracy=figure, macro_f1=None, confidence=0.9)
    known = KnownReference.of(before, texts, "half of it")
    again = KnownReference.model_validate_json(known.model_dump_json())
    assert again == known and again.reference() == before
    features = again.features()
    if texts is None:
        assert features is None
    else:
        assert features is not None and features.shape == (2_000, 6)
        assert features[0].tolist() == texts[0].tolist() and features[-1].tolist() == [
            *texts[-1].tolist()
        ]
