"""Trials one after the other in this process, or several at once in processes of their own.

Only this process speaks with the study and the tracker; workers know neither. They train, hand
over what they measure and are told whether to go on, so that no database sees two writers.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import joblib  # type: ignore[import-untyped]

from nli_lifecycle.nli.tuning.trial import Job, Outcome, Task, TuningError, run_trial

logger = logging.getLogger(__name__)

NextJob = Callable[[], Job | None]
#: (job, metrics, optimiser step) → whether the trial should go on.
JudgeJob = Callable[[Job, Mapping[str, float], int], bool]


def run_here(task: Task, next_job: NextJob, judge: JudgeJob) -> Generator[Outcome, None, None]:
    """Run trials in this process until there is no further one."""
    while job := next_job():
        yield run_trial(task, job, lambda metrics, step: judge(job, metrics, step))


def run_in_processes(
    task: Task, next_job: NextJob, judge: JudgeJob, workers: int
) -> Generator[Outcome, None, None]:
    """Run trials in several processes until there is no further one.

    A worker that dies takes its trial along, whose outcome says so; the others go on.

    Args:
        task: sent to each worker once.
        next_job: asked whenever a worker is idle.
        judge: told what the workers measure.
        workers: processes.

    Raises:
        TuningError: all workers died.
    """
    crew = [_Worker.start(task, workers) for _ in range(workers)]
    try:
        while crew:
            for worker in crew:
                if worker.job is None and (job := next_job()):
                    worker.begin(job)
            busy = {worker.connection: worker for worker in crew if worker.job}
            if not busy:
                return
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                outcome = worker.answer(judge)
                if outcome is None:
                    continue
                if outcome.state == "died":
                    crew.remove(worker)
                    logger.warning("A worker died (%s); %d left.", outcome.error, len(crew))
                yield outcome
        raise TuningError(
            f"All {workers} workers died, as when memory runs out. Ask for fewer "
            "(tuning.workers) or smaller batches, and run again: finished trials are kept."
        )
    finally:
        for worker in crew:
            worker.process.terminate()
        for worker in crew:
            worker.process.join()


@dataclass
class _Worker:
    """A worker as this process sees it."""

    process: BaseProcess
    connection: Connection
    job: Job | None = None

    @classmethod
    def start(cls, task: Task, workers: int) -> _Worker:
        # spawn: a fork would share MLflow's database connections and torch's threads.
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, task), daemon=True)
        threads = max(1, joblib.cpu_count() // workers)
        with _environment({"OMP_NUM_THREADS": str(threads)}):
            process.start()
        theirs.close()  # or its end would not be noticed here
        return cls(process, ours)

    def begin(self, job: Job) -> None:
        self.job = job
        with suppress(OSError):  # it is dead, which reading will tell
            self.connection.send(job)

    def answer(self, judge: JudgeJob) -> Outcome | None:
        """Read one message, and answer it; the trial's outcome when it ended."""
        assert self.job is not None
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            died = f"exit code {self.process.exitcode}"
            return Outcome(self.job.number, "died", error=died)
        if isinstance(message, Outcome):
            self.job = None
            return message
        if isinstance(message, BaseException):
            raise message
        goes_on = judge(self.job, *message)
        with suppress(OSError):
            self.connection.send(goes_on)
        return None


def _work(connection: Connection, task: Task) -> None:
    """Be a worker, until the other end of the connection is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to handle
    # Nobody could tell whose line is whose, and whose progress bar.
    logging.disable(logging.INFO)
    sys.stderr.isatty = lambda: False  # type: ignore[method-assign]

    def judge(metrics: Mapping[str, float], step: int) -> bool:
        connection.send((dict(metrics), step))
        return bool(connection.recv())

    with suppress(EOFError, OSError):
        while True:
            job = connection.recv()
            try:
                connection.send(run_trial(task, job, judge))
            except EOFError:
                return
            except Exception as error:
                connection.send(_portable(error))


def _portable(error: Exception) -> Exception:
    """The error with its traceback's text, which a pickle would lose."""
    error.add_note("".join(traceback.format_exception(error)))
    return error


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes that start meanwhile."""
    before: dict[str, Any] = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
