"""What monitoring keeps between rounds: one document, replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from nli_lifecycle.monitoring.alerting.record import Moment, Record
from nli_lifecycle.monitoring.columns import Floats, Key
from nli_lifecycle.monitoring.findings import Finding, WindowFindings
from nli_lifecycle.monitoring.joining import Labelled, Span
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.report import Account, ReleaseMark
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.windows import Window
from nli_lifecycle.nli.metrics.figures import Interval

Json = dict[str, Any]
MOST_TEXTS = 2_000  # rows of a reference's text features that are remembered


class SeenAt(Record):
    """An ``Observation`` that is kept: a window's figure beside its reference."""

    value: float
    error: float
    reference: float
    reference_error: float
    slope: float


class KeptWindow(Record):
    """A window, what is known of it, and where it was told."""

    number: int
    key: Key = Field(description="model, version, digest, epoch")
    begin: Moment
    end: Moment
    first_arrival: int
    last_arrival: int
    summary: Json | None = Field(description="None: no label is awaited any more")
    labelled: Json | None = Field(None, description="its labelled pairs; None: none yet")
    slices: dict[str, tuple[int, int]] = Field(
        default_factory=dict, description="slice → right answers, labelled pairs"
    )
    text_drift: Finding | None = Field(None, description="as measured, its p-value not corrected")
    found: WindowFindings | None = Field(None, description="None: not measured yet")
    estimated: SeenAt | None = None
    realised: SeenAt | None = None
    alarms: tuple[str, ...] = Field((), description="detectors that rang in it")
    run_id: str | None = Field(None, description="its MLflow run")
    told: str = Field("", description="hash of what that run was told last")

    @classmethod
    def of(cls, window: Window) -> KeptWindow:
        """Begin to keep a window, which has at least one row."""
        summary = window.summary
        assert summary.begin and summary.end and summary.first_arrival and summary.last_arrival
        return cls(
            number=window.number,
            key=window.key,
            begin=summary.begin,
            end=summary.end,
            first_arrival=summary.first_arrival,
            last_arrival=summary.last_arrival,
            summary=summary.to_json(),
        )

    @property
    def digest(self) -> str:
        """Of who answered."""
        return self.key[2]

    @property
    def span(self) -> Span:
        """Where its rows lie."""
        return Span(self.key, self.first_arrival, self.last_arrival)

    @property
    def labels(self) -> Labelled:
        """Its labelled pairs."""
        return Labelled.from_json(self.labelled) if self.labelled else Labelled.empty()

    def window(self) -> Window | None:
        """The window, while it is still measured."""
        if self.summary is None:
            return None
        return Window(self.number, self.key, Summary.from_json(self.summary))

    def finding(self, name: str) -> Finding | None:
        """One of its findings; None: it has none of that name."""
        found = self.found.findings if self.found else ()
        return next((one for one in found if one.name == name), None)


class KnownReference(Record):
    """What a release is compared with, as it was found last."""

    accuracy: tuple[float, float, float] | None = Field(description="estimate, lower, upper")
    macro_f1: tuple[float, float, float] | None
    confidence: float
    summary: Json | None
    same_pairs: bool = Field(False, description="accuracy and summary are of the same pairs")
    texts: tuple[tuple[float, ...], ...] | None
    why: str = Field(description="why it is incomplete; empty: it is complete")

    @classmethod
    def of(cls, reference: Reference, texts: Floats | None, why: str) -> KnownReference:
        """Keep what was found."""
        figures = [
            figure and (figure.estimate, figure.lower, figure.upper)
            for figure in (reference.accuracy, reference.macro_f1)
        ]
        return cls(
            accuracy=figures[0],
            macro_f1=figures[1],
            confidence=reference.confidence,
            summary=reference.summary and reference.summary.to_json(),
            same_pairs=reference.same_pairs,
            texts=None if texts is None else tuple(map(tuple, _thinned(texts).tolist())),
            why=why,
        )

    @classmethod
    def unknown(cls, why: str) -> KnownReference:
        """Nothing is known, for a reason."""
        return cls.of(Reference(), None, why)

    def reference(self) -> Reference:
        """As it was found."""
        return Reference(
            accuracy=self.accuracy and Interval(*self.accuracy),
            macro_f1=self.macro_f1 and Interval(*self.macro_f1),
            confidence=self.confidence,
            summary=Summary.from_json(self.summary) if self.summary else None,
            same_pairs=self.same_pairs,
        )

    def features(self) -> Floats | None:
        """Text features of its rows, shape (n, 6)."""
        return None if self.texts is None else np.array(self.texts, np.float64)


class FirstWindows(Record):
    """The first windows after a release, added up."""

    windows: tuple[int, ...]
    summary: Json


class MonitoringState(Record):
    """All that a round needs of those before it.

    Attributes:
        schema_version: of this document.
        model: registered name.
        began: when the first round was.
        cut: the state of ``Windows``: watermark and unfinished windows.
        newest_row: latest time that a row ever said.
        account: where rows and words went.
        recent: arrival up to which the log was read, and ``InferenceLog.recent`` of it; None:
            nothing comes late.
        kept: windows by number, the latest ones.
        references: digest → what its release is compared with.
        first_windows: digest → its first windows.
        releases: entries of the ledger, as read last.
    """

    schema_version: Literal[1] = 1
    model: str
    began: Moment
    cut: Json
    newest_row: Moment | None = None
    account: Account = Field(default_factory=Account)
    recent: tuple[int, int] | None = None
    kept: tuple[KeptWindow, ...] = ()
    references: dict[str, KnownReference] = Field(default_factory=dict)
    first_windows: dict[str, FirstWindows] = Field(default_factory=dict)
    releases: tuple[ReleaseMark, ...] = ()

    def history(self) -> tuple[WindowFindings, ...]:
        """Findings of all kept windows, by number."""
        return tuple(window.found for window in self.kept if window.found)


def digests(windows: Sequence[KeptWindow]) -> list[str]:
    """Of all who answered, the latest first."""
    return list(dict.fromkeys(window.digest for window in reversed(windows)))


def _thinned(texts: Floats) -> Floats:
    """Rows at even distances, as many as are remembered."""
    if len(texts) <= MOST_TEXTS:
        return texts
    return texts[np.linspace(0, len(texts) - 1, MOST_TEXTS).astype(np.int64)]
