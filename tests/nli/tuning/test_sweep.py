"""A sweep brings exactly the trials asked for, however often it is cut off."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tuning_run import SPACE, TRAINING, Notes, make_task, run, tuning

from nli_lifecycle.nli.tuning import sweep as sweeping
from nli_lifecycle.nli.tuning.study import opened_study, propose
from nli_lifecycle.nli.tuning.report import TuningReport
from nli_lifecycle.nli.tuning.trial import TuningError


class Interrupting(Notes):
    """Raises in the middle of a trial, as Ctrl-C would."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def log(self, number: int, metrics: Mapping[str, float], step: int) -> None:
        super().log(number, metrics, step)
        if number == self._number:
            raise KeyboardInterrupt


def proposals(report: TuningReport) -> list[tuple[Any, Any]]:
    return [(trial.parameters, trial.score) for trial in report.trials]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep")


@pytest.fixture(scope="module")
def notes() -> Notes:
    return Notes()


@pytest.fixture(scope="module")
def report(folder: Path, notes: Notes) -> TuningReport:
    return run(folder, tuning(trials=4), notes)


def test_every_trial_is_reported_with_score_curve_and_parameters(
    report: TuningReport, notes: Notes, folder: Path
) -> None:
    assert (report.competed, report.states, len(report.trials)) == (4, {"complete": 4}, 4)
    assert report.best.score == max(trial.score or 0 for trial in report.trials)
    for trial, job in zip(report.trials, notes.begun):
        assert set(trial.parameters) == set(SPACE)
        assert trial.parameters == job.training.model_dump(include=set(SPACE))
        assert len(trial.curve) == trial.parameters["epochs"] and trial.score == max(trial.curve)
        assert trial.run == f"run of {trial.number}"
    assert len({str(trial.parameters) for trial in report.trials}) == 4
    assert [outcome.number for outcome in notes.ended] == [0, 1, 2, 3]
    assert list((folder / "trials").iterdir()) == []


def test_asking_for_more_goes_on_and_asking_for_less_trains_nothing(
    report: TuningReport, folder: Path
) -> None:
    notes = Notes()
    assert run(folder, tuning(trials=2), notes) == report.model_copy(update={"asked": 2})
    assert notes.begun == []
    more = run(folder, tuning(trials=5), notes)
    assert [job.number for job in notes.begun] == [4]
    assert more.trials[:4] == report.trials and more.competed == 5


def test_a_sweep_that_was_cut_off_ends_as_if_it_had_not_been(
    report: TuningReport, tmp_path: Path
) -> None:
    notes = Interrupting(1)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, tuning(trials=4), notes)
    with pytest.raises(KeyboardInterrupt):  # the retry is cut off as well
        run(tmp_path, tuning(trials=4), again := Interrupting(2))
    assert again.closed == ["run of 1"]
    resumed = run(tmp_path, tuning(trials=4), last := Notes())
    assert last.closed == ["run of 2"]
    assert proposals(resumed) == proposals(report)
    assert [trial.number for trial in resumed.trials] == [0, 3, 4, 5]


def test_death_between_putting_in_line_and_ending_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, tuning(trials=2), Interrupting(0))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sweeping.studies, "fail", die)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, tuning(trials=2))
    report = run(tmp_path, tuning(trials=2))
    assert report.competed == 2 == len({str(trial.parameters) for trial in report.trials})


def test_trials_behind_the_others_end_early_and_leave_nothing(tmp_path: Path) -> None:
    space = {"learning_rate": {"choices": [3e-3, 1e-9]}}
    pruning = {"startup_trials": 1, "warmup_validations": 0}
    training = TRAINING.model_copy(update={"epochs": 3})
    parameters = tuning(trials=6, space=space, pruning=pruning, seed=3)
    report = run(tmp_path, parameters, training=training)
    pruned = [trial for trial in report.trials if trial.state == "pruned"]
    assert pruned and all(trial.parameters["learning_rate"] == 1e-9 for trial in pruned)
    assert all(len(trial.curve) < 3 and trial.score is None for trial in pruned)
    assert report.best.parameters == {"learning_rate": 3e-3} and report.competed == 6
    assert list((tmp_path / "trials").iterdir()) == []


def test_trials_that_all_fail_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="nli_lifecycle.nli.tuning")

    def diverge(*_: object, **__: object) -> None:
        raise FloatingPointError("The training loss became nan at step 3.")

    monkeypatch.setattr("nli_lifecycle.nli.training.loop.train", diverge)
    with pytest.raises(TuningError, match=r"None of 3 trials.*3 failed.*became nan at step 3"):
        run(tmp_path, tuning())
    assert "Trial 2 failed (FloatingPointError: The training loss became nan" in caplog.text
    assert "3 of 3 trials; best macro-F1 none yet." in caplog.text


def test_an_error_of_the_setup_stops_the_sweep_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("nli_lifecycle.nli.training.loop.train", full)
        with pytest.raises(OSError, match="No space left"):
            run(tmp_path, tuning(trials=2))
    assert run(tmp_path, tuning(trials=2)).states == {"complete": 2}


def test_no_trial_starts_after_the_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = iter([0.0, 0.5 * 60, 1.5 * 60])
    monkeypatch.setattr(sweeping.time, "monotonic", lambda: next(minutes))
    report = run(tmp_path, tuning(trials=4, timeout_minutes=1.0))
    assert report.competed == 1 and report.asked == 4


def test_a_timeout_before_the_first_trial_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = iter([0.0, 99.0])
    monkeypatch.setattr(sweeping.time, "monotonic", lambda: next(minutes))
    with pytest.raises(TuningError, match="Allow more time"):
        run(tmp_path, tuning(trials=4, timeout_minutes=1.0))


def test_a_trial_cut_off_before_it_had_parameters_is_replaced(tmp_path: Path) -> None:
    make_task(tmp_path)
    with opened_study(f"sqlite:///{tmp_path}/studies.db", "study", tuning()) as study:
        study.ask()
    assert run(tmp_path, tuning(trials=2)).states == {"complete": 2}


def test_proposals_depend_on_the_seed_and_on_nothing_else(tmp_path: Path) -> None:
    def first(name: str, seed: int) -> dict[str, Any]:
        with opened_study(f"sqlite:///{tmp_path}/{name}.db", "study", tuning()) as study:
            return dict(propose(study, tuning(seed=seed)).params)

    assert first("a", 1) == first("b", 1) != first("c", 2)


def test_missing_optuna_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TuningError, match=r"make .venv/.installed-tuning"):
        run(tmp_path, tuning())
