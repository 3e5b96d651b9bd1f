"""One training in several processes: on this machine by torchrun, or where a launcher starts them.

Every process sees every pair, takes its share of each batch, and they average their gradients: the
same steps as one process takes, but for the last digits and other draws of dropout.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from nli_lifecycle.nli.training.devices import usable_cpus
from nli_lifecycle.nli.training.loop import OnMetrics, TrainingResult
from nli_lifecycle.nli.training.task import STARTER, Launcher, Task
from nli_lifecycle.parameters import TrainingParameters
from nli_lifecycle.provenance import code_archive

logger = logging.getLogger(__name__)

#: What each process runs: this very code, whatever is installed where it runs.
#: Its end is abrupt: all is written, and threads of native libraries may abort a longer one.
SCRIPT = """\
import os
import sys
from pathlib import Path

folder = Path(__file__).parent
sys.path.insert(0, str(folder / "nli_lifecycle.zip"))
from nli_lifecycle.nli.training.worker import main

main(folder)
sys.stdout.flush()
sys.stderr.flush()
os._exit(0)
"""

#: Errors that mean here what they mean in one process.
KNOWN = {error.__name__: error for error in (ValueError, FloatingPointError, MemoryError)}


class ProcessesError(RuntimeError):
    """Processes that train together have failed."""


def train_together(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    parameters: TrainingParameters,
    *,
    encoder: Path | str,
    output: Path,
    progress: Path,
    on_metrics: OnMetrics | None,
    launch: Launcher,
) -> TrainingResult:
    """Train as ``loop.train`` does, in ``parameters.processes`` processes.

    Args:
        train: pairs to learn from.
        validation: pairs that choose the best weights.
        parameters: every knob of the loop.
        encoder: the encoder's folder, the same for all processes.
        output: folder of the checkpoint.
        progress: folder of checkpoints on the way; the task lies beside it for a while.
        on_metrics: called in this process.
        launch: starts the processes.

    Raises:
        ProcessesError: one of them died; says which, and what to do.
        ValueError, FloatingPointError, MemoryError: as ``loop.train`` raises them.
    """
    progress.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".task-", dir=progress.parent))
    task = Task(folder)
    try:
        train.to_parquet(task.train)
        validation.to_parquet(task.validation)
        said = {
            "parameters": parameters.model_dump(mode="json"),
            "encoder": str(Path(encoder).absolute()),
            "output": str(output.absolute()),
            "progress": str(progress.absolute()),
        }
        task.description.write_text(json.dumps(said))
        script = folder / "worker.py"
        script.write_text(SCRIPT)
        (folder / "nli_lifecycle.zip").write_bytes(code_archive())
        with _following(task.curves, on_metrics):
            try:
                launch(script, parameters.processes)
            except Exception as error:
                if not task.result.is_file():
                    raise _cause(task, parameters.processes, progress, error) from error
                logger.warning("Training is complete; of its processes, %s as it ended.", error)
        if not task.result.is_file():
            nothing = RuntimeError("left no result")
            raise _cause(task, parameters.processes, progress, nothing)
        result = json.loads(task.result.read_text())
        return TrainingResult(**result | {"checkpoint": output})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def torchrun(script: Path, processes: int) -> None:
    """Start processes on this machine, with its cores shared among them.

    Raises:
        RuntimeError: one of them failed; the others are ended.
    """
    environment = {"OMP_NUM_THREADS": str(max(1, usable_cpus() // processes)), **os.environ}
    environment |= {STARTER: str(os.getpid()), "TORCH_CPP_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--max-restarts=0"]
    process = subprocess.Popen(
        [*command, f"--nproc-per-node={processes}", str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate()
    except BaseException:  # Ctrl-C or SIGTERM: they must not outlive us
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    if process.returncode:
        raise RuntimeError(_root_cause(said))


def _root_cause(said: str) -> str:
    """Find in torchrun's report which process failed first, how, and what was said just before."""
    found = re.search(r"Root Cause.*?rank\s*: (\d+).*?exitcode\s*: (-?\d+)", said, re.DOTALL)
    if not found:
        return f"failed: {said.strip()[-2_000:]}"
    code = int(found[2])
    if code in (-signal.SIGKILL, -signal.SIGTERM):  # from outside: it had nothing to say
        return f"number {found[1]} was ended by {signal.Signals(-code).name}"
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    words = re.split(r"^[A-Z]\d{4} .*torch/distributed", said, maxsplit=1, flags=re.MULTILINE)[0]
    last = " ".join(words.split())[-500:]
    return f"number {found[1]} {how}" + (f" after: {last}" if last else "")


def _cause(task: Task, processes: int, progress: Path, error: Exception) -> Exception:
    """The error of the process that failed first: the others only lost touch with it."""
    for rank, name, message in task.errors():
        if name in KNOWN:
            return KNOWN[name](message)
        if "Connection closed by peer" not in message and "Connection reset" not in message:
            return _failed(f"number {rank} ended with {name}: {message}", processes, progress)
    return _failed(str(error), processes, progress)


def _failed(what: str, processes: int, progress: Path) -> ProcessesError:
    saved = sorted(progress.glob("step-*"))
    step = f"from step {int(saved[-1].name[5:])}" if saved else "from its beginning"
    return ProcessesError(
        f"Of {processes} training processes, {what}. Run the same command again: it goes on {step}."
    )


@contextmanager
def _following(curves: Path, on_metrics: OnMetrics | None) -> Iterator[None]:
    """Hand lines on as they are written."""
    ended = threading.Event()
    place = 0

    def hand_on() -> None:
        nonlocal place
        if not curves.is_file() or on_metrics is None:
            return
        with curves.open() as file:
            file.seek(place)
            while (line := file.readline()).endswith("\n"):
                place = file.tell()
                on_metrics(*json.loads(line))

    def watch() -> None:
        while not ended.wait(0.5):
            hand_on()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        hand_on()
