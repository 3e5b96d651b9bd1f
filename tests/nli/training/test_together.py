"""Several processes train what one trains; one that dies ends all, and the checkpoint is good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from spark_servers import spark_home
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training.loop import TrainingResult, train
from nli_lifecycle.nli.training.task import Launcher, Task
from nli_lifecycle.nli.training.together import (
    ProcessesError,
    torchrun,
    train_together,
)
from nli_lifecycle.parameters import TrainingParameters

pytest_plugins = ["spark_servers"]

PAIRS = pd.DataFrame(
    {
        "premise": [f"the {['dog', 'man'][i % 2]} runs{' outside' * (i % 3)}" for i in range(121)],
        "hypothesis": [f"{['some', 'big', 'no'][i % 3]} dog runs" for i in range(121)],
        "label": [LABELS[i % 3] for i in range(121)],
    }
)
VALIDATION = PAIRS[:30]
FAST = TrainingParameters(
    epochs=2, batch_size=15, learning_rate=3e-3, max_length=32, device="cpu", precision="float32",
    checkpoint_steps=4, processes=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without dropout, which is drawn apart in each process."""
    folder = make_tiny_encoder(tmp_path_factory.mktemp("together") / "encoder")
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def _together(
    encoder: Path, home: Path, launch: Launcher = torchrun, note: Any = None, **changes: Any
) -> TrainingResult:
    return train_together(
        changes.pop("pairs", PAIRS),
        VALIDATION,
        FAST.model_copy(update=changes),
        encoder=encoder,
        output=home / "checkpoint",
        progress=home / "work" / "progress",
        on_metrics=note,
        launch=launch,
    )


def _left(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "work").iterdir())


# ---- what goes wrong, without starting anything


def _dies(*errors: tuple[int, str, str]) -> Launcher:
    def launch(script: Path, processes: int) -> None:
        for rank, name, message in errors:
            error = type(name, (Exception,), {})(message)
            Task(script.parent).write_error(rank, error)
        raise RuntimeError("exit code 1")

    return launch


@pytest.mark.parametrize(
    ("launch", "kind", "message"),
    [
        (
            _dies((1, "RuntimeError", "Connection closed by peer"), (0, "OSError", "no space")),
            ProcessesError,
            "Of 2 training processes, number 0 ended with OSError: no space.*from its beginning",
        ),
        (_dies((1, "ValueError", "no label")), ValueError, "^no label$"),
        (_dies((1, "FloatingPointError", "nan at 3")), FloatingPointError, "nan at 3"),
        (_dies(), ProcessesError, "processes, exit code 1. Run"),
        (lambda script, processes: None, ProcessesError, "processes, left no result. Run"),
    ],
)
def test_the_first_cause_is_told(
    launch: Launcher, kind: type[Exception], message: str, encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        _together(encoder, tmp_path, launch)
    assert _left(tmp_path) == []


def test_one_that_fails_after_the_result_changes_nothing(
    encoder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done = TrainingResult(
        checkpoint=tmp_path / "checkpoint", best_macro_f1=0.5, best_accuracy=0.5, epochs_run=2,
        steps=18, resumed_at=0, seconds=1, cpu_seconds=1, pairs_per_second=9,
        pairs_per_cpu_second=9, peak_memory_mb=99, device="cpu", processes=2,
    )  # fmt: skip

    def launch(script: Path, processes: int) -> None:
        Task(script.parent).write_result(asdict(done))
        raise RuntimeError("number 1 was ended by SIGABRT")

    assert _together(encoder, tmp_path, launch) == done
    assert "Training is complete; of its processes, number 1 was ended by SIGABRT" in caplog.text


DIES = """
import os, sys, time
if os.environ["RANK"] == "0":
    time.sleep(100)
print("terminate called: broken pipe", file=sys.stderr, flush=True)
os.{end}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("abort()", "^number 1 was ended by SIGABRT after: terminate called: broken pipe$"),
        ("_exit(3)", "^number 1 ended with code 3 after: terminate called: broken pipe$"),
        ("kill(os.getpid(), 9)", "^number 1 was ended by SIGKILL$"),
    ],
)
def test_how_it_ended_and_its_last_words_are_told(end: str, told: str, tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(DIES.format(end=end))
    with pytest.raises(RuntimeError, match=told):
        torchrun(script, 2)


def test_it_says_where_it_will_go_on(encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "work/progress/step-000000012").mkdir(parents=True)
    with pytest.raises(ProcessesError, match="Run the same command again: it goes on from step 12"):
        _together(encoder, tmp_path, _dies())


# ---- for real


@pytest.mark.slow
def test_two_processes_train_what_one_trains(encoder: Path, tmp_path: Path) -> None:
    curves: list[tuple[int, float]] = []
    alone = train(
        PAIRS,
        VALIDATION,
        FAST,
        encoder=encoder,
        output=tmp_path / "alone",
        on_metrics=lambda m, step: curves.append((step, m.get("train/loss", 0.0))),
    )
    seen: list[tuple[int, float]] = []
    two = _together(
        encoder, tmp_path, note=lambda m, step: seen.append((step, m.get("train/loss", 0.0)))
    )
    assert (two.processes, two.steps, alone.steps) == (2, 18, 18)
    assert [step for step, _ in seen] == [step for step, _ in curves]
    assert [loss for _, loss in seen] == pytest.approx([loss for _, loss in curves], abs=1e-3)
    assert two.best_macro_f1 == pytest.approx(alone.best_macro_f1, abs=0.04)
    theirs, ours = (
        load_file(folder / "model.safetensors")
        for folder in (tmp_path / "alone", tmp_path / "checkpoint")
    )
    worst = max(float((theirs[name] - ours[name]).abs().max()) for name in theirs)
    assert worst < 0.02 and any(not torch.equal(theirs[name], ours[name]) for name in theirs)
    assert _left(tmp_path) == ["progress"]


@pytest.mark.slow
def test_an_error_in_all_is_told_once(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"training pairs \(81 rows\) hold no contradiction"):
        _together(encoder, tmp_path, pairs=PAIRS[PAIRS["label"] != "contradiction"])


@pytest.mark.slow
def test_a_process_that_is_killed_ends_all_and_they_go_on(encoder: Path, tmp_path: Path) -> None:
    killed = threading.Event()

    def kill_one(metrics: Any, step: int) -> None:
        if step >= 8 and not killed.is_set():
            killed.set()
            workers = _workers(tmp_path)
            assert len(workers) == 2
            os.kill(workers[-1], signal.SIGKILL)

    many = {"epochs": 400, "checkpoint_steps": 8, "patience": 1_000}
    started = time.monotonic()
    with pytest.raises(
        ProcessesError,
        match="Of 2 training processes, number 1 was ended by SIGKILL. .*goes on from step",
    ):
        _together(encoder, tmp_path, note=kill_one, **many)
    assert killed.is_set() and time.monotonic() - started < 120
    assert _workers(tmp_path) == []
    again = _together(encoder, tmp_path, **many | {"epochs": 2})
    assert again.resumed_at >= 8 and again.steps >= again.resumed_at


def _workers(home: Path) -> list[int]:
    """Processes that run a script in this home, the launcher left out."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(part.startswith(bytes(home)) for part in command) and b"-m" not in command:
            found.append(int(process.name))
    return sorted(found)


SPARK = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import test_together as t
from nli_lifecycle.datasets.launcher import LauncherDataset
options = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
launch = LauncherDataset(launcher="spark", master=sys.argv[3], options=options).load()
result = t._together(Path(sys.argv[4]), Path(sys.argv[5]), launch)
print("processes:", result.processes, "steps:", result.steps)
"""


def _on_spark(master: str, encoder: Path, home: Path, python: str) -> None:
    # In a process of its own: one process cannot hold sessions of two masters.
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", SPARK, str(here), str(here.parents[1]), master, encoder, home],
        env=os.environ | {"PYSPARK_PYTHON": python},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert "processes: 2 steps: 18" in done.stdout, done.stdout[-2000:] + done.stderr[-3000:]
    assert (home / "checkpoint/model.safetensors").is_file()
    assert _left(home) == ["progress"]


@pytest.mark.slow
def test_spark_starts_them_here(encoder: Path, tmp_path: Path) -> None:
    spark_home()
    _on_spark("local[2]", encoder, tmp_path, sys.executable)


@pytest.mark.slow
def test_spark_starts_them_on_a_cluster_that_does_not_have_our_package(
    encoder: Path, tmp_path: Path, standalone_cluster: tuple[str, str]
) -> None:
    address, python = standalone_cluster
    _on_spark(address, encoder, tmp_path, python)
