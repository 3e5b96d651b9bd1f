"""What the product's own code finds in a stream."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from monitored import streams
from monitored.pool import Pool
from monitored.streams import Stream
from monitoring import SETTINGS, alarms_of

from nli_lifecycle.monitoring.calibration import calibration_test
from nli_lifecycle.monitoring.clusters import numbered
from nli_lifecycle.monitoring.columns import read
from nli_lifecycle.monitoring.detectors import drifted, fallen, fallen_n_of_m
from nli_lifecycle.monitoring.drift import DriftSettings, drift
from nli_lifecycle.monitoring.estimate import EstimateSettings, estimate, estimated_accuracy
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.holm import corrected
from nli_lifecycle.monitoring.observing import observe_realised
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.text_drift import (
    TextDriftSettings,
    row_features,
    text_drift,
    text_features,
)
from nli_lifecycle.monitoring.windows import Windows
from nli_lifecycle.nli.metrics.proportions import wilson


@dataclass(frozen=True)
class Measured:
    """A stream's windows.

    Attributes:
        alarms: of each detector, whether each window raises one.
        refused: whether labels of late speak against each window's estimate.
        estimated: accuracy of each window without labels, refused or not.
        accuracy: true accuracy of each window.
        seconds: that summary and tests of drift took per window.
    """

    alarms: dict[str, list[bool]]
    refused: list[bool]
    estimated: list[float]
    accuracy: list[float]
    seconds: float


def measure(stream: Stream, pairs: int) -> Measured:
    """Measure a stream in windows of so many pairs, every pair labelled."""
    before, known = reference_of(stream.before)
    parts = list(streams.parts(stream.now, pairs))
    began = time.perf_counter()
    seen = [window.summary for window in Windows(pairs).add(streams.as_log(stream.now))]
    alarms = alarms_of(seen, known)
    rows = [read(streams.as_log(part)) for part in parts]
    drifts = [
        text_drift(
            before,
            row_features(some),
            TextDriftSettings(),
            numbered(some.position, some.premise, some.sound),
        )
        for some in rows
    ]
    ratio = float(np.sqrt(pairs / len(before)))
    alarms["text_drift"] = drifted([found.p_value for found in drifts], SETTINGS, ratio)
    alarms["drift_any_or_text"] = drifted(
        [smallest(summary, known, text) for summary, text in zip(seen, drifts)], SETTINGS, ratio
    )
    seconds = (time.perf_counter() - began) / len(seen)
    labelled = [streams.labelled(part) for part in parts]
    observed = [observe_realised(some, known) for some in labelled]
    alarms["realised_cusum"] = fallen(observed, SETTINGS)
    alarms["realised_n_of_m"] = fallen_n_of_m(observed, SETTINGS)
    refused = [
        is_refused(summary, known, streams.recent(labelled, place))
        for place, summary in enumerate(seen)
    ]
    estimated = [estimated_accuracy(summary, known).value for summary in seen]
    accuracy = [float(part.right.mean()) for part in parts]
    return Measured(alarms, refused, estimated, accuracy, seconds)


def reference_of(pool: Pool) -> tuple[np.ndarray, Reference]:
    """What is known of the release: features of the evaluation set's texts, and the evidence."""
    batch = streams.as_log(pool)
    windows = Windows(None)
    windows.add(batch)
    accuracy = wilson(int(pool.right.sum()), len(pool.truth), 0.95)
    summary = windows.close()[0].summary
    known = Reference(accuracy=accuracy, summary=summary, same_pairs=True)
    return text_features(batch), known


def smallest(summary: Summary, known: Reference, text: Finding) -> float:
    """The smallest p-value of all tests of drift, corrected for their number."""
    tests = corrected((*drift(summary, known.summary, DriftSettings()), text))
    return min(found.p_value for found in tests if found.p_value is not None)


def is_refused(summary: Summary, known: Reference, recent: streams.Labelled) -> bool:
    """Whether the product would give no estimate here, because of the labels of late."""
    calibration = calibration_test(recent.calibration)
    return estimate(summary, known, calibration, EstimateSettings())[0].state == "refused"
