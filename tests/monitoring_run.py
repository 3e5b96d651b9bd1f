"""Rounds of the pipeline ``monitoring`` over a real log, a real state and a registry in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from life import crown, submit
from logged import Log, answered, said
from project import PROJECT

from nli_lifecycle.datasets.document import DocumentDataset
from nli_lifecycle.datasets.event_log import EventLogDataset
from nli_lifecycle.datasets.monitoring_state import MonitoringStateDataset
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.monitoring.log import InferenceLog
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.report import MonitoringReport
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.pipelines.monitoring import asking, create_pipeline
from nli_lifecycle.pipelines.monitoring.reference import FoundReference
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.reading import LogReader

MODEL = "prod.nli.classifier"
PAIRS = 100  # of a window in these tests
NOW = datetime.now(UTC).replace(microsecond=0)


def parameters(**changes: Any) -> MonitoringParameters:
    """The project's own, with small windows; ``alerting`` is changed key by key."""
    path = PROJECT / "conf/base/parameters_monitoring.yml"
    fields = yaml.safe_load(path.read_text())["monitoring"]
    fields["alerting"] |= changes.pop("alerting", {})
    return MonitoringParameters.model_validate({**fields, "window_pairs": PAIRS, **changes})


class MonitoringRun:
    """Rounds over one home; what is on disk stays there between rounds."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = f"sqlite:///{home}/log.db"
        self.registry: Any = InMemoryRegistry(MODEL, environment="prod", folder=home / "versions")
        settle(self.registry)
        self.state = MonitoringStateDataset(filepath=str(home / "state.json"))
        self.events = EventLogDataset(filepath=str(home / "alerts.jsonl"))
        self.report, self.watched = (
            DocumentDataset(filepath=f"{home}/{path.rpartition('.')[2]}.json", model=path)
            for path in (
                "nli_lifecycle.monitoring.report.MonitoringReport",
                "nli_lifecycle.monitoring.alerting.watch.Watched",
            )
        )
        self.exit_code = 0

    def release(self, weights: str = "one") -> Release:
        """Make a version the champion; answers are logged as its."""
        ref: ModelRef = crown(self.registry, submit(self.registry, self.home / "made", weights))
        return Release(MODEL, ref.version, ref.digest, len(self._entries()) - 1)

    def __call__(self, log: InferenceLog | None = None, **changes: Any) -> MonitoringReport:
        """One round; over the log in SQL, or over another one."""
        reader = LogReader(self.url)
        entries = {
            "inference_log": log or reader,
            "registry": self.registry,
            "params:monitoring": parameters(**changes),
            "params:environment": "prod",
        }
        memory = {name: MemoryDataset(value, copy_mode="assign") for name, value in entries.items()}
        kept = {
            "last_monitoring_state": self.state,
            "monitoring_state": self.state,
            "alert_events": self.events,
            "monitoring_report": self.report,
            "monitoring_watched": self.watched,
        }
        passed = {
            name: MemoryDataset(copy_mode="assign")
            for name in ("read", "asked", "joined", "measured", "told", "page")
        }
        catalog = DataCatalog(
            {
                **memory,
                **kept,
                **{f"monitoring_{name}": dataset for name, dataset in passed.items()},
            }
        )
        try:
            outputs = SequentialRunner().run(create_pipeline(), catalog)
        finally:
            reader.close()
        self.exit_code = outputs["exit_code"].load()
        found: MonitoringReport = self.report.load()
        return found

    def _entries(self) -> dict[str, str]:
        return {k: v for k, v in (self.registry.ledger.lines() or {}).items() if "entry" in k}


class Traffic:
    """Answers of a calibrated model, and what people say about them."""

    def __init__(self, url: str, seed: int = 0) -> None:
        self.log = Log(url)
        self.random = np.random.default_rng(seed)
        self.truth: dict[str, str] = {}

    def answer(
        self,
        release: Release,
        pairs: int,
        right: float = 0.85,
        age: timedelta = timedelta(hours=2),
        **changes: Any,
    ) -> list[str]:
        """Log answers that are right with this chance, and confident as if it were 0.85."""
        names = [f"r{len(self.truth) + n}" for n in range(pairs)]
        rows = []
        for place, name in enumerate(names):
            given, other = self.random.permutation(3)[:2]
            self.truth[name] = LABELS[given if self.random.random() < right else other]
            confidence = self.random.uniform(0.72, 0.98)
            shares = np.full(3, (1 - confidence) / 2)
            shares[given] = confidence
            fields = {"probabilities": tuple(map(float, shares)), "release": release}
            fields["premise"] = " ".join(["word"] * int(self.random.integers(4, 20)))
            fields["time"] = NOW - age + timedelta(seconds=place)
            rows.append(answered(name, **{**fields, **changes}))
        self.log.add(*rows)
        return names

    def label(self, names: list[str], source: str = "ann") -> None:
        """Say the truth about answers."""
        self.log.say(*(said(self.truth[name], source, request_id=name) for name in names))

    def close(self) -> None:
        self.log.close()


def evidence(accuracy: float = 0.85, rows: int = 20_000) -> FoundReference:
    """What a release's evidence says, without rows of its evaluation set."""
    half = 1.96 * float(np.sqrt(accuracy * (1 - accuracy) / rows))
    figure = Interval(accuracy, accuracy - half, accuracy + half)
    return FoundReference(Reference(accuracy=figure, macro_f1=figure), None, "")


def known(monkeypatch: Any, found: FoundReference) -> None:
    """Let the registry know this about every release."""
    monkeypatch.setattr(asking, "find_reference", lambda registry, digest: found)


def finding(report: MonitoringReport, name: str, window: int = -1) -> Any:
    """A finding of a window of the report."""
    (found,) = (one for one in report.windows[window].found.findings if one.name == name)
    return found
