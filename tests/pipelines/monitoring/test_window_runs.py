"""Windows in an embedded MLflow: one run each, however often a round is killed and repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from monitoring_run import PAIRS, MonitoringRun, Traffic, evidence, finding, known

from nli_lifecycle.datasets.monitoring_state import MonitoringStateDataset
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.report import MonitoringReport

CHANGES = ("create_run", "log_batch", "set_terminated")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database that MLflow has set up once."""
    address = f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"
    MlflowClient(address).create_experiment("first")
    return address


@pytest.fixture(autouse=True)
def _tracking(store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    mlflow.set_tracking_uri(store)
    yield
    mlflow.set_tracking_uri(before)


class Tracked:
    """Rounds of one home, each in a run of the home's own experiment."""

    def __init__(self, home: Path, store: str) -> None:
        home.mkdir(exist_ok=True)
        self.run = MonitoringRun(home)
        self.client = MlflowClient(store)
        self.experiment = self.client.create_experiment(str(home), artifact_location=str(home))

    def __call__(self, **changes: Any) -> MonitoringReport:
        with mlflow.start_run(experiment_id=self.experiment):
            return self.run(**changes)

    def windows(self) -> list[Run]:
        found = self.client.search_runs([self.experiment], "tags.monitoring = 'window'")
        return sorted(found, key=lambda run: int(run.data.tags["window"]))

    def rounds(self) -> list[Run]:
        found = self.client.search_runs([self.experiment], order_by=["start_time ASC"])
        return [run for run in found if "monitoring" not in run.data.tags]


@pytest.fixture
def tracked(tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> Tracked:
    known(monkeypatch, evidence())
    return Tracked(tmp_path / "home", store)


def test_each_window_has_a_run_with_its_figures_and_the_round_has_them_as_curves(
    tracked: Tracked,
) -> None:
    traffic = Traffic(tracked.run.url)
    release = tracked.run.release()
    traffic.label(traffic.answer(release, 2 * PAIRS + 5))
    report = tracked()
    first, second = tracked.windows()
    (parent,) = tracked.rounds()
    assert [run.info.run_id for run in (first, second)] == [one.run_id for one in report.windows]
    assert first.info.status == "FINISHED" and first.info.run_name == "window 1"
    found = report.windows[0].found
    tags = first.data.tags
    assert tags["mlflow.parentRunId"] == parent.info.run_id
    assert (tags["version"], tags["digest"], tags["epoch"]) == (
        release.version,
        release.digest,
        str(release.epoch),
    )
    assert (tags["first_arrival"], tags["last_arrival"]) == ("1", str(PAIRS))
    assert tags["begin"] == found.begin.isoformat()
    assert "label_mix missing" in tags["not_measured"]
    realised = finding(report, "realised_accuracy", 0)
    metrics = first.data.metrics
    assert metrics["realised_accuracy"] == realised.value
    assert metrics["realised_accuracy.low"] == realised.low
    assert metrics["realised_accuracy.reference"] == 0.85
    assert "label_mix" not in metrics and "estimate_gap.p_value" in metrics
    curve = tracked.client.get_metric_history(parent.info.run_id, "realised_accuracy")
    assert [point.step for point in curve] == [1, 2]
    traffic.close()


def test_late_labels_reach_the_run_that_the_window_has(tracked: Tracked) -> None:
    traffic = Traffic(tracked.run.url)
    names = traffic.answer(tracked.run.release(), PAIRS)
    tracked()
    assert "realised_accuracy" not in tracked.windows()[0].data.metrics
    traffic.label(names)
    report = tracked()
    (run,) = tracked.windows()
    assert run.data.metrics["realised_accuracy"] == finding(report, "realised_accuracy").value
    assert run.info.run_id == report.windows[0].run_id and run.info.status == "FINISHED"
    quiet = tracked()
    history = tracked.client.get_metric_history(run.info.run_id, "realised_accuracy")
    assert len(history) == 1 and quiet.windows == report.windows
    traffic.close()


def test_a_backlog_gets_its_runs_in_several_rounds_the_latest_first(tracked: Tracked) -> None:
    traffic = Traffic(tracked.run.url)
    traffic.answer(tracked.run.release(), 50)
    few = {"window_pairs": 10, "tracking": {"runs_per_round": 3, "charted_windows": 4}}
    tracked(**few)
    assert [run.data.tags["window"] for run in tracked.windows()] == ["3", "4", "5"]
    curve = tracked.client.get_metric_history(tracked.rounds()[0].info.run_id, "requests")
    assert [point.step for point in curve] == [2, 3, 4, 5]
    tracked(**few)
    assert [run.data.tags["window"] for run in tracked.windows()] == ["1", "2", "3", "4", "5"]
    traffic.close()


def test_a_run_that_somebody_deleted_is_made_anew(tracked: Tracked) -> None:
    traffic = Traffic(tracked.run.url)
    names = traffic.answer(tracked.run.release(), PAIRS)
    tracked()
    (gone,) = tracked.windows()
    tracked.client.delete_run(gone.info.run_id)
    traffic.label(names)
    report = tracked()
    (made,) = tracked.windows()
    assert made.info.run_id == report.windows[0].run_id != gone.info.run_id
    assert "realised_accuracy" in made.data.metrics
    traffic.close()


def test_a_tag_says_what_alerts_say(tracked: Tracked) -> None:
    traffic = Traffic(tracked.run.url)
    traffic.label(traffic.answer(tracked.run.release(), 2 * PAIRS, right=0.5))
    tracked()
    tag = tracked.rounds()[0].data.tags["alert.realised_accuracy_fell"]
    assert tag.startswith("critical opened: prod.nli.classifier version 1")
    traffic.close()


def test_an_mlflow_that_does_not_answer_stops_no_alert_and_is_told_later(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic = Traffic(tracked.run.url)
    traffic.label(traffic.answer(tracked.run.release(), 2 * PAIRS, right=0.5))

    def away(*_: object, **__: object) -> None:
        raise mlflow.MlflowException("Connection refused")

    with mlflow.start_run(experiment_id=tracked.experiment), monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "create_run", away)
        report = tracked.run()
    assert any("MLflow was not told everything" in note for note in report.notes)
    assert tracked.run.exit_code == 4 and not tracked.windows()
    later = tracked()
    assert [run.info.run_id for run in tracked.windows()] == [one.run_id for one in later.windows]
    assert not any("MLflow" in note for note in later.notes)
    traffic.close()


class Killed(BaseException):
    """What a process feels of SIGKILL: nothing that it would do afterwards is done."""


class Killer:
    """Lets the process die before or after its n-th effect; nothing has an effect from then on."""

    def __init__(self, patch: pytest.MonkeyPatch, die_at: int = 0, after: bool = False) -> None:
        self.effects, self.dead = 0, False
        self._die_at, self._after = die_at, after
        for name in CHANGES:
            patch.setattr(MlflowClient, name, self._counted(getattr(MlflowClient, name)))
        patch.setattr(EventLog, "change", self._counted(EventLog.change))
        patch.setattr(MonitoringStateDataset, "save", self._counted(MonitoringStateDataset.save))

    def _counted(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if self.dead:
                raise Killed
            self.effects += 1
            self.dead = self.effects == self._die_at
            if self.dead and not self._after:
                raise Killed
            answer = change(*args, **kwargs)
            if self.dead:
                raise Killed
            return answer

        return counted


def _seen(tracked: Tracked, report: MonitoringReport) -> dict[str, Any]:
    """What must be the same whether or not a round was killed on the way."""
    alerts = tracked.run.events.load().read().state.alerts.values()
    runs = tracked.windows()
    (state,) = [tracked.run.state.load()]
    return {
        "windows": [one.found for one in report.windows],
        "account": report.account,
        "alerts": [(one.rule, one.severity, one.times, one.window) for one in alerts],
        "actions": [(one.action, one.state) for one in report.actions],
        "runs": [(run.data.tags["window"], run.data.metrics, run.info.status) for run in runs],
        "told": [one.run_id for one in report.windows] == [run.info.run_id for run in runs],
        "state": state.model_dump(exclude={"began", "kept", "releases"}),
        "exit": tracked.run.exit_code,
    }


def _prepared(tracked: Tracked) -> Traffic:
    """A round has been; then a window with a fall comes, and labels of the first window."""
    traffic = Traffic(tracked.run.url)
    release = tracked.run.release()
    names = traffic.answer(release, PAIRS + 20)
    tracked()
    traffic.label(names[:PAIRS])
    traffic.label(traffic.answer(release, PAIRS, right=0.5))
    return traffic


def _calm(tmp_path: Path, store: str, patch: pytest.MonkeyPatch) -> tuple[dict[str, Any], int]:
    """What a round that nobody kills comes to, and how many effects it has."""
    known(patch, evidence())
    calm = Tracked(tmp_path / "calm", store)
    _prepared(calm).close()
    with patch.context() as patched:
        counted = Killer(patched)
        expected = _seen(calm, calm())
    assert expected["told"] and expected["exit"] == 4 and len(expected["runs"]) == 2
    return expected, counted.effects


def _killed_and_repeated(
    home: Path, store: str, patch: pytest.MonkeyPatch, die_at: int, after: bool
) -> dict[str, Any]:
    tracked = Tracked(home, store)
    _prepared(tracked).close()
    with patch.context() as patched:
        Killer(patched, die_at, after)
        with pytest.raises(Killed):
            tracked()
    return _seen(tracked, tracked())


def test_a_round_killed_first_in_the_middle_and_last_is_repeated_as_if_it_never_was(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, effects = _calm(tmp_path, store, monkeypatch)
    for die_at, after in ((1, True), (effects // 2, False), (effects, False)):
        home = tmp_path / str(die_at)
        assert _killed_and_repeated(home, store, monkeypatch, die_at, after) == expected, die_at


@pytest.mark.slow
def test_a_round_killed_at_any_effect_is_repeated_as_if_it_never_was(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, effects = _calm(tmp_path, store, monkeypatch)
    for place in range(2 * effects):
        die_at, after = 1 + place // 2, bool(place % 2)
        home = tmp_path / f"{die_at}-{after}"
        found = _killed_and_repeated(home, store, monkeypatch, die_at, after)
        assert found == expected, (die_at, after)
