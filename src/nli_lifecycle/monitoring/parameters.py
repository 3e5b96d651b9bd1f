"""Parameters of monitoring: how windows are cut, measured, judged, and how long they are kept."""

from __future__ import annotations

from pydantic import Field, model_validator

from nli_lifecycle.monitoring.alerting.record import Record
from nli_lifecycle.monitoring.alerting.retraining import RetrainParameters
from nli_lifecycle.monitoring.alerting.watch import AlertingParameters
from nli_lifecycle.monitoring.detectors import DetectorSettings
from nli_lifecycle.monitoring.measuring import MeasuringSettings
from nli_lifecycle.monitoring.text_drift import TextDriftSettings
from nli_lifecycle.monitoring.truths import TruthSettings
from nli_lifecycle.monitoring.windows import PAIRS


class TrackingSettings(Record):
    """What MLflow is told."""

    runs_per_round: int = Field(
        250,
        ge=0,
        description="window runs made at most in one round, the newest windows first; the others "
        "get theirs in the next rounds",
    )
    charted_windows: int = Field(
        200, ge=1, description="latest windows drawn as curves in the round's own run"
    )


class MonitoringParameters(Record):
    """Parameters of the pipeline ``monitoring``."""

    window_pairs: int = Field(PAIRS, ge=1, description="rows of one model that make a window")
    keep_windows: int = Field(
        1_000, ge=10, description="windows kept for pages, detectors and rules; older ones go"
    )
    first_windows: int = Field(
        4,
        ge=0,
        description="windows after a release that drift is measured from while the release's "
        "evidence does not say what its traffic looked like; 0: none",
    )
    recent_windows: int = Field(
        10, ge=1, description="last windows with labels by which the calibration is tested"
    )
    measuring: MeasuringSettings = Field(default_factory=MeasuringSettings)
    text_drift: TextDriftSettings = Field(default_factory=TextDriftSettings)
    truths: TruthSettings = Field(default_factory=TruthSettings)
    detectors: DetectorSettings = Field(default_factory=DetectorSettings)
    tracking: TrackingSettings = Field(default_factory=TrackingSettings)
    alerting: AlertingParameters
    retrain: RetrainParameters | None = Field(
        None, description="what the action `retrain` starts; null: nothing"
    )

    @model_validator(mode="after")
    def _can_retrain_where_asked(self) -> MonitoringParameters:
        asking = [
            rule for rule, actions in self.alerting.actions.asked_by.items() if "retrain" in actions
        ]
        if asking and self.retrain is None:
            raise ValueError(
                f"alerting.actions.asked_by lets {', '.join(asking)} ask for retrain, but "
                "`retrain` does not say what to start: set it (docs/alerts.md), or take it out."
            )
        return self
