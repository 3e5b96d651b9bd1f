"""What a round of monitoring found, in one document: what the page, the report and people read."""

from __future__ import annotations

from pydantic import Field

from nli_lifecycle.monitoring.alerting.record import Moment, Record
from nli_lifecycle.monitoring.alerting.state import Action, Alert
from nli_lifecycle.monitoring.findings import WindowFindings


class Account(Record):
    """Where the rows of the log and the words of feedback went.

    rows = in_windows + waiting + shadows + left_out + repeated; damaged rows are in windows, too.
    """

    rows: int = Field(0, ge=0, description="read from the log so far")
    in_windows: int = Field(0, ge=0, description="in windows that are full")
    waiting: int = Field(0, ge=0, description="in windows that are not full yet")
    shadows: int = Field(0, ge=0, description="answers of shadows, which nobody got")
    left_out: int = Field(
        0, ge=0, description="requests that failed, or that an inference table holds twice"
    )
    late: int = Field(
        0, ge=0, description="requests that came to an inference table too late to be read"
    )
    repeated: int = Field(0, ge=0, description="read a second time, and left out")
    damaged: int = Field(0, ge=0, description="without label or probabilities that can be used")
    words: int = Field(0, ge=0, description="of feedback, the last of each source on each pair")
    labelled: int = Field(0, ge=0, description="pairs with a settled label and an answer")
    disputed: int = Field(0, ge=0, description="pairs whose sources disagree")
    damaged_words: int = Field(0, ge=0, description="words that are no label of ours")
    without_prediction: int = Field(0, ge=0, description="labels about answers not in the log")


class ReleaseMark(Record):
    """An entry of the ledger, as a line across the charts."""

    epoch: int
    kind: str = Field(description="bootstrap, promote, rollback, freeze, unfreeze, adopt, restore")
    version: str | None = Field(description="champion after it")
    digest: str | None
    time: Moment
    by: str
    reason: str = ""


class WindowShown(Record):
    """A window with what came of it."""

    found: WindowFindings
    alarms: tuple[str, ...] = Field((), description="names of detectors that rang in it")
    run_id: str | None = Field(None, description="MLflow run that has its figures")


class SliceQuality(Record):
    """Realised accuracy of a slice, over the labelled pairs of the current model's windows."""

    name: str
    pairs: int
    value: float | None = Field(description="share; None: too few labels")
    low: float | None = None
    high: float | None = None


class MonitoringReport(Record):
    """Everything there is to see, in order of time, oldest first."""

    environment: str
    model: str = Field(description="registered name")
    made: Moment
    watermark: int = Field(description="arrival up to which the log has been read")
    account: Account = Field(default_factory=Account)
    windows: tuple[WindowShown, ...] = ()
    slices: tuple[SliceQuality, ...] = ()
    releases: tuple[ReleaseMark, ...] = ()
    alerts: tuple[Alert, ...] = Field((), description="resolved ones too")
    actions: tuple[Action, ...] = ()
    notes: tuple[str, ...] = Field(
        (), description="what people should know: no log yet, a channel that is down, clock skew"
    )
