"""Several processes train at once; one that dies takes no trial along."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path

import psutil
import pytest
import tuning_run
from project import PROJECT
from tuning_run import Notes, run, tuning

from nli_lifecycle.nli.tuning import workers as workers_module
from nli_lifecycle.nli.tuning.trial import TuningError


class KillingOne(Notes):
    """Kills one of the workers at the first figure."""

    def log(self, number: int, metrics: Mapping[str, float], step: int) -> None:
        super().log(number, metrics, step)
        if len(self.logged) == 1:
            active_children()[0].kill()


@pytest.mark.slow
def test_parameters_that_kill_their_worker_twice_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers_module, "_work", tuning_run.work_until_trial_0)
    report = run(tmp_path, tuning(trials=3, workers=3), notes := Notes())
    assert report.states == {"complete": 2, "failed": 1} and report.competed == 2
    (given_up,) = [trial for trial in report.trials if trial.state == "failed"]
    assert given_up.error == "exit code 9"
    assert given_up.number not in {0, report.best.number}  # 0 was retried in its place
    died = [outcome.number for outcome in notes.ended if outcome.state == "died"]
    assert sorted(died) == [0, given_up.number]
    assert "A worker died (exit code 9); 1 left." in caplog.text
    assert active_children() == []


@pytest.mark.slow
def test_all_workers_dead_stops_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "_work", tuning_run.die)
    with pytest.raises(TuningError, match="All 2 workers died.*tuning.workers"):
        run(tmp_path, tuning(workers=2))


@pytest.mark.slow
def test_an_error_in_a_worker_is_raised_here_with_its_traceback(tmp_path: Path) -> None:
    task = tuning_run.make_task(tmp_path)
    (task.encoder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="No encoder can be read") as caught:
        run(tmp_path, tuning(workers=2))
    assert "load_classifier" in "".join(caught.value.__notes__)
    assert active_children() == []


@pytest.mark.slow
def test_a_trial_whose_worker_was_killed_is_run_by_another(tmp_path: Path) -> None:
    report = run(tmp_path, tuning(trials=4, workers=2), notes := KillingOne())
    (died,) = [outcome for outcome in notes.ended if outcome.state == "died"]
    (lost,) = [job for job in notes.begun if job.number == died.number]
    (again,) = [j for j in notes.begun if j.training == lost.training and j is not lost]
    assert report.states == {"complete": 4} and len(notes.begun) == 5
    assert again.number in {trial.number for trial in report.trials}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_sweep_loses_and_doubles_no_trial(workers: int, tmp_path: Path) -> None:
    asked, script = 6, Path(tuning_run.__file__)
    command = [sys.executable, str(script), str(tmp_path), str(asked), str(workers)]
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT / 'src'}:{script.parent}"}
    for enough in (1, 3):
        sweep = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert sweep.stdout is not None
        assert any(int(line.removeprefix("trial ")) >= enough for line in sweep.stdout)
        children = [
            c for c in psutil.Process(sweep.pid).children() if "spawn_main" in c.cmdline()[-2]
        ]
        sweep.send_signal(signal.SIGKILL)
        sweep.wait()
        assert psutil.wait_procs(children, timeout=60)[1] == []  # they notice, and end
    with closing(sqlite3.connect(tmp_path / "studies.db")) as study:
        query = "SELECT count(*) FROM trials WHERE state = 'RUNNING'"
        assert study.execute(query).fetchone()[0] >= 1
    report = run(tmp_path, tuning(trials=asked))
    assert report.states == {"complete": asked}
    assert len({str(trial.parameters) for trial in report.trials}) == asked
    if workers == 1:
        (tmp_path / "other").mkdir()
        uninterrupted = run(tmp_path / "other", tuning(trials=asked))
        assert [t.parameters for t in report.trials] == [t.parameters for t in uninterrupted.trials]
