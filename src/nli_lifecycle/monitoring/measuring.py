"""All findings of a window, in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from nli_lifecycle.monitoring.calibration import calibration_test
from nli_lifecycle.monitoring.drift import DriftSettings, drift
from nli_lifecycle.monitoring.estimate import EstimateSettings, estimate
from nli_lifecycle.monitoring.findings import Finding, WindowFindings
from nli_lifecycle.monitoring.holm import corrected
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.realised import RealisedSettings, realised
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.windows import Window
from nli_lifecycle.nli.metrics.proportions import wilson


class MeasuringSettings(BaseModel):
    """When each kind of finding is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    estimate: EstimateSettings = Field(default_factory=EstimateSettings)
    drift: DriftSettings = Field(default_factory=DriftSettings)
    realised: RealisedSettings = Field(default_factory=RealisedSettings)


def measure_window(
    window: Window,
    reference: Reference,
    labelled: Labelled,
    recent: Labelled,
    now: datetime,
    settings: MeasuringSettings,
    others: Sequence[Finding] = (),
) -> WindowFindings:
    """Measure a window.

    Args:
        window: with at least one row.
        reference: of the release whose model answered.
        labelled: the window's labelled pairs so far.
        recent: labelled pairs of late, of this model, by which the calibration is tested: sum up
            the last windows that have labels.
        now: with a zone.
        settings: when each kind of finding is given.
        others: further findings of this window, for example ``text_drift``; their p-values are
            corrected with the rest.

    Raises:
        ValueError: the window has no row.
    """
    summary = window.summary
    if summary.begin is None or summary.end is None or summary.first_arrival is None:
        raise ValueError(f"Window {window.number} has no row: there is nothing to measure.")
    model, version, digest, epoch = window.key
    calibration = calibration_test(recent.calibration)
    findings = (
        Finding(name="requests", state="measured", value=float(summary.rows), pairs=summary.rows),
        damaged_rows(summary, settings.estimate.confidence),
        *estimate(summary, reference, calibration, settings.estimate),
        *drift(summary, reference.summary, settings.drift),
        *realised(summary, labelled, reference, now, settings.realised),
        *others,
    )
    return WindowFindings(
        window=window.number,
        model=model,
        version=version,
        digest=digest,
        epoch=epoch,
        begin=summary.begin,
        end=summary.end,
        first_arrival=summary.first_arrival,
        last_arrival=summary.last_arrival or summary.first_arrival,
        pairs=summary.pairs,
        findings=corrected(findings),
    )


def damaged_rows(summary: Summary, confidence: float) -> Finding:
    """Share of rows whose label or probabilities cannot be used, with Wilson's interval."""
    share = wilson(summary.damaged, summary.rows, confidence)
    return Finding(
        name="damaged_rows",
        state="measured" if summary.rows else "missing",
        value=share.estimate,
        low=share.lower,
        high=share.upper,
        reference=0.0,
        pairs=summary.rows,
        why=f"{summary.damaged} rows have no label of ours, or no three probabilities that sum to "
        f"1; the first arrived as number {summary.first_damaged}: look at what wrote it."
        if summary.damaged
        else ""
        if summary.rows
        else "There are no rows.",
    )
