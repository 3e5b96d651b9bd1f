"""A retraining command is started once for an action, whichever process dies around its start."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alarmed import alarm, answer, outcomes, state

from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.monitoring.alerting.retraining import CommandParameters
from nli_lifecycle.pipelines.monitoring import retraining
from nli_lifecycle.pipelines.monitoring.effects import LedgerEffects
from nli_lifecycle.pipelines.monitoring.retraining import (
    Command,
    RetrainError,
    open_retraining,
)

DIGEST = "d" * 64
ACTION = f"retrain-accuracy_fell-{DIGEST[:12]}-1-1"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "retraining"


@pytest.fixture
def started(tmp_path) -> Path:
    """What the command writes a line into."""
    return tmp_path / "started"


def command(started: Path, folder: Path) -> Command:
    script = f'echo "$NLI_ACTION_ID" >> {started}; echo said; exec sleep 0'
    return Command(("sh", "-c", script), folder)


def lines(path: Path) -> list[str]:
    """What was written, once somebody did: the command outlives whoever started it."""
    deadline = time.monotonic() + 60
    while not (path.is_file() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"nothing was written into {path}"
        time.sleep(0.01)
    return path.read_text().splitlines()


def test_the_command_runs_on_its_own_and_knows_whose_it_is(started, folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "of the run that monitors")
    script = f'echo "$NLI_ACTION_ID $MLFLOW_RUN_ID|$$ $PPID" > {started}'
    Command(("sh", "-c", script), folder).start(ACTION)
    (said,) = lines(started)
    name, _, numbers = said.partition("|")
    own, parent = map(int, numbers.split())
    assert name == f"{ACTION} " and parent != os.getpid()
    mark = json.loads((folder / f"{ACTION}.json").read_text())
    assert mark["pid"] == own and mark["began"].startswith("2")


def test_what_it_says_is_in_a_log(started, folder):
    command(started, folder).start(ACTION)
    assert lines(folder / f"{ACTION}.log") == ["said"]


def test_nothing_has_happened_before_and_looking_leaves_nothing(started, folder):
    assert not command(started, folder).happened(ACTION)
    assert not folder.exists()


def test_a_second_start_for_the_same_action_is_refused(started, folder):
    command(started, folder).start(ACTION)
    with pytest.raises(RetrainError, match="was started for retrain-.* before"):
        command(started, folder).start(ACTION)
    command(started, folder).start("retrain-other-1-1")
    assert lines(started)[0] == ACTION


@pytest.mark.parametrize("argv", [("no-such-program",), ("/no/such/program", "run")])
def test_a_program_that_is_not_there_is_named(argv, folder):
    with pytest.raises(RetrainError, match="no program '.*no.such.program'.*correct `argv`"):
        Command(argv, folder).start(ACTION)
    assert not Command(argv, folder).happened(ACTION)


def test_a_program_that_cannot_be_run_leaves_no_mark_and_says_why(tmp_path, folder):
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(RetrainError, match="could not be started: .*log says why"):
        Command((str(broken),), folder).start(ACTION)
    assert not Command((str(broken),), folder).happened(ACTION)
    assert "cannot be run" in (folder / f"{ACTION}.log").read_text()


def test_a_program_beside_this_python_comes_first(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    Command((Path(sys.executable).name, "-c", ""), folder).start(ACTION)
    assert Command((), folder).happened(ACTION)


def test_a_command_that_fails_was_started(folder):
    failing = Command(("sh", "-c", "exit 3"), folder)
    failing.start(ACTION)
    assert failing.happened(ACTION)


class Crash(BaseException):
    """Stands for the death of the process."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_dies_around_the_start_has_started_one(
    when, started, folder, tmp_path, monkeypatch
):
    path = tmp_path / "alerts.jsonl"
    alarm(path, DIGEST)
    registry = InMemoryRegistry("prod.x", environment="prod", folder=tmp_path / "memory")
    effects = LedgerEffects(registry, command(started, folder))
    run = subprocess.run

    def dying(*arguments, **options):
        if when == "after":
            run(*arguments, **options)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(retraining.subprocess, "run", dying)
        with pytest.raises(Crash):
            answer(path, effects, "retrain")
    assert outcomes(path) == [("retrain", "planned")]
    for _ in range(2):
        answer(path, effects, "retrain")
    assert [how for _, how in outcomes(path)] == ["done"] * (when == "after") + [
        "failed",
        "done",
    ] * (when == "before")
    (action,) = [one.id for one in state(path).actions.values() if one.state == "done"]
    assert lines(started) == [action]


KILLED = """
import os, signal, subprocess, sys
from pathlib import Path
from nli_lifecycle.pipelines.monitoring import begin, retraining

home = Path(sys.argv[1])
wait = f"    while not os.path.exists({str(home / 'go')!r}): time.sleep(0.01)\\n"
late = home / "late.py"
late.write_text(Path(begin.__file__).read_text().replace("    main(", wait + "    main("))
begin.__file__ = str(late)

class Doomed(subprocess.Popen):
    def communicate(self, *arguments, **options):
        os.kill(os.getpid(), signal.SIGKILL)

subprocess.Popen = Doomed
command = retraining.Command(("sh", "-c", f"echo it >> {home}/started"), Path(sys.argv[2]))
command.start("retrain-x-1-1")
"""


def test_killed_before_the_new_process_has_marked_itself_it_is_waited_for(tmp_path, folder):
    dead = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(folder)], timeout=120)
    assert dead.returncode == -signal.SIGKILL
    assert not (folder / "retrain-x-1-1.json").exists()
    with (folder / ".starting").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    (tmp_path / "go").touch()
    assert Command((), folder).happened("retrain-x-1-1")
    assert lines(tmp_path / "started") == ["it"]


def test_parameters_open_the_right_kind(started, folder):
    opened = open_retraining(CommandParameters(argv=("true",)), folder, "prod")
    opened.start(ACTION)
    assert isinstance(opened, Command) and opened.happened(ACTION)
