"""`kedro run` killed while it trains: the same command goes on, and ends with the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient
from project import PROJECT
from test_train_and_release import write_pairs
from tiny_encoder import make_tiny_encoder

pytestmark = pytest.mark.slow

COMMAND = [str(Path(sys.executable).with_name("kedro")), "run"]
COMMAND += ["--pipelines", "data_engineering,training", "--params"]
TRAINING = {"learning_rate": 0.003, "batch_size": 16, "checkpoint_steps": 5, "epochs": 4}


class Home:
    """A home in which dev trains a tiny encoder, by processes that may be killed."""

    def __init__(self, folder: Path, **changes: int | str) -> None:
        self.folder = folder
        encoder = make_tiny_encoder(folder / "encoder")
        pairs = write_pairs(folder / "pairs.tsv", 1_500, seed=1)
        training = {"encoder": encoder, **TRAINING, **changes}
        parts = [f"training.{name}={value}" for name, value in training.items()]
        self.command = [*COMMAND, ",".join(["source=tsv", f"source_path={pairs}", *parts])]
        self.environment = os.environ | {"NLI_HOME": str(folder), "OMP_NUM_THREADS": "1"}
        store = f"sqlite:///{folder}/mlruns/mlflow.db"
        self.client = lambda: MlflowClient(store, store)

    def run(self) -> str:
        done = subprocess.run(
            self.command, cwd=PROJECT, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run_and_kill(self) -> None:
        """Kill it once there is a checkpoint to go on from; what it started must end by itself."""
        process = subprocess.Popen(
            self.command,
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 180
        while not list(self.folder.glob(f"{UNFINISHED}/progress/step-*")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()

    @property
    def digest(self) -> str:
        client = self.client()
        (version,) = client.search_model_versions("name='dev.nli.classifier'")
        return str(version.tags["digest"])


UNFINISHED = "data/dev/06_models/*/.unfinished-checkpoint"


def _train_runs(client: MlflowClient) -> tuple[list[str], list[tuple[str, str, str | None]]]:
    """Statuses of the parents, oldest first; each child's id, status and parent."""
    experiment = client.get_experiment_by_name("nli-dev")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
    parent = "mlflow.parentRunId"
    parents = [run.info.status for run in runs if parent not in run.data.tags]
    children = [
        (run.info.run_id, run.info.status, run.data.tags[parent])
        for run in runs
        if parent in run.data.tags
    ]
    return parents, children


def test_killed_and_run_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    quiet = Home(tmp_path / "quiet", epochs=2)
    quiet.run()
    home = Home(tmp_path / "killed", epochs=2)
    home.run_and_kill()
    assert list(home.folder.glob(f"{UNFINISHED}/run_id"))
    before = _train_runs(home.client())
    assert before[0] == ["RUNNING"] and [child[1] for child in before[1]] == ["RUNNING"]
    home.run()
    parents, children = _train_runs(home.client())
    assert parents == ["KILLED", "FINISHED"]
    assert [(child[0], child[2]) for child in children] == [
        (child[0], child[2]) for child in before[1]
    ]
    assert children[0][1] == "FINISHED"
    steps = [m.step for m in home.client().get_metric_history(children[0][0], "train/loss")]
    assert set(range(10, steps[-1] + 1, 10)) <= set(steps)
    assert not list(home.folder.glob(UNFINISHED))
    assert home.digest == quiet.digest
    finished = home.client().search_runs(["1"], "attributes.status = 'FINISHED'")
    costs = next(run.data.metrics for run in finished if "training/seconds" in run.data.metrics)
    assert costs["training/pairs_per_cpu_second"] > 0 and costs["training/peak_memory_mb"] > 100


def test_two_processes_killed_and_run_again(tmp_path: Path) -> None:
    home = Home(tmp_path, processes=2)
    home.run_and_kill()
    home.run()
    parents, children = _train_runs(home.client())
    assert parents == ["KILLED", "FINISHED"] and len(children) == 1
    losses = home.client().get_metric_history(children[0][0], "train/loss")
    assert len(losses) > 10 and losses[-1].value < losses[0].value
    assert len({loss.step for loss in losses}) >= len(losses) - 2  # nobody trained beside it
    assert len(home.digest) == 64
