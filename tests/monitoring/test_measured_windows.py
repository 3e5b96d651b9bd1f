"""A window's findings together: their order, their states, one correction for all tests."""

from datetime import timedelta

import numpy as np
import pytest
from pydantic import ValidationError
from simulated_columns import BEGIN, simulated, summary_of

from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.measuring import MeasuringSettings, damaged_rows, measure_window
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.windows import Window, Windows
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.figures import Interval

NOW = BEGIN + timedelta(days=1)
SETTINGS = MeasuringSettings()
NAMES = [
    "requests",
    "damaged_rows",
    "estimated_accuracy",
    "estimated_macro_f1",
    "label_mix",
    "confidence",
    "premise_words",
    "hypothesis_words",
    "overlap",
    "unknown_share",
    "realised_accuracy",
    "realised_macro_f1",
    "estimate_gap",
]


def measured(columns, truth=None, reference=Reference()):
    (window,) = Windows(500).add(columns)
    labelled = Labelled.empty()
    if truth is not None:
        p = np.column_stack([columns[f"p_{label}"] for label in LABELS])
        labelled = Labelled.of(truth, p.argmax(axis=1), p)
    return measure_window(window, reference, labelled, labelled, NOW, SETTINGS)


def test_a_window_without_rows_is_refused():
    empty = Window(4, ("nli", "7", "d", 3), Summary.empty())
    nobody = Labelled.empty()
    with pytest.raises(ValueError, match="Window 4 has no row"):
        measure_window(empty, Reference(), nobody, nobody, NOW, SETTINGS)


def test_without_labels_and_reference_all_says_what_is_missing():
    found = measured(simulated(500)[0])
    assert [finding.name for finding in found.findings] == NAMES
    assert [finding.state for finding in found.findings] == ["measured"] * 4 + ["missing"] * 9
    assert all(finding.why for finding in found.findings if finding.state != "measured")
    assert (found.window, found.pairs, found.first_arrival, found.last_arrival) == (1, 500, 1, 500)


def test_damaged_rows_are_a_finding():
    columns, _ = simulated(500)
    columns["p_neutral"][40:50] = [float("nan")] * 10
    finding = measured(columns).findings[1]
    assert finding.value == 0.02 and finding.low < 0.02 < finding.high
    assert "10 rows" in finding.why and "number 41" in finding.why
    assert damaged_rows(Summary.empty(), 0.95).state == "missing"


def test_all_tests_are_corrected_together():
    columns, truth = simulated(500, signal=1.95, believed=4.0)
    before = summary_of(simulated(2_000, seed=5)[0])
    reference = Reference(Interval(0.86, 0.84, 0.88), Interval(0.86, 0.84, 0.88), summary=before)
    found = {finding.name: finding for finding in measured(columns, truth, reference).findings}
    tested = [finding.p_value for finding in found.values() if finding.p_value is not None]
    assert len(tested) == 7 and found["estimate_gap"].p_value < 0.01
    assert found["estimated_accuracy"].state == "refused"
    assert found["realised_accuracy"].state == "measured"


def test_findings_are_strict():
    with pytest.raises(ValidationError):
        Finding(name="requests", state="ok", pairs=1)
    with pytest.raises(ValidationError):
        Finding(name="requests", state="measured", pairs=1, colour="red")
