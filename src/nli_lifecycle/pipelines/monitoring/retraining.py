"""Starting a training run, once for an action."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from nli_lifecycle.hooks import ACTION_ID
from nli_lifecycle.monitoring.alerting.retraining import CommandParameters, RetrainParameters
from nli_lifecycle.pipelines.monitoring import begin
from nli_lifecycle.pipelines.monitoring.databricks_job import DatabricksJob

#: What MLflow exports for processes that go on with its run; this one has a run of its own.
_OF_THIS_RUN = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID")


class RetrainError(RuntimeError):
    """A training run cannot be started as asked; the message says why."""


class Retraining(Protocol):
    """Starts training runs, and knows which it has started."""

    def start(self, action_id: str) -> None:
        """Start one; it may still be running, or waiting, when this returns."""

    def happened(self, action_id: str) -> bool:
        """Whether one was started for this action, whatever became of it; raises if unknown."""


def open_retraining(parameters: RetrainParameters, folder: Path, environment: str) -> Retraining:
    """Make what starts training runs; nothing is contacted or written yet.

    Args:
        parameters: what to start.
        folder: where commands leave their logs, and marks that they have begun.
        environment: the one that is monitored.
    """
    if isinstance(parameters, CommandParameters):
        return Command(parameters.argv, folder)
    return DatabricksJob(parameters, environment)


class Command:
    """A detached process, with a log and a mark ``<action id>.json`` that it has begun.

    The mark is set by the new process itself, right before it becomes the command, under a lock
    that it inherits and that ends in the same moment. So whoever holds the lock sees the mark if
    and only if the command runs or has run, whichever process died in between.
    """

    def __init__(self, argv: tuple[str, ...], folder: Path) -> None:
        self._argv = argv
        self._folder = folder

    def start(self, action_id: str) -> None:
        """See ``Retraining.start``.

        Raises:
            RetrainError: it was started before, or cannot be.
            OSError: the folder cannot be written to.
        """
        beside = str(Path(sys.executable).parent)
        path = os.pathsep.join((beside, os.environ.get("PATH", os.defpath)))
        program = shutil.which(self._argv[0], path=path)
        if program is None:
            raise RetrainError(
                f"There is no program {self._argv[0]!r} to retrain with, neither beside "
                f"{sys.executable} nor on the PATH: correct `argv`."
            )
        log = self._folder / f"{action_id}.log"
        with self._alone() as lock:
            if self._mark(action_id).exists():
                raise RetrainError(f"A training run was started for {action_id} before.")
            with log.open("ab") as output:
                launcher = [sys.executable, "-I", "-S", begin.__file__]
                subprocess.run(
                    [*launcher, str(self._mark(action_id)), str(lock), program, *self._argv[1:]],
                    env={
                        **{k: v for k, v in os.environ.items() if k not in _OF_THIS_RUN},
                        ACTION_ID: action_id,
                    },
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(lock,),
                    start_new_session=True,
                    check=True,
                )
        if not self.happened(action_id):
            raise RetrainError(f"{program} could not be started: {log} says why.")

    def happened(self, action_id: str) -> bool:
        """See ``Retraining.happened``."""
        if not self._folder.is_dir():
            return False
        with self._alone():
            return self._mark(action_id).exists()

    def _mark(self, action_id: str) -> Path:
        return self._folder / f"{action_id}.json"

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Wait until nothing is being started, and keep it so; gives the lock's descriptor."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._folder / ".starting", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)  # a process that inherited it holds the lock on
