"""The session: which environment, which pipelines, one run at a time, nothing left open."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import Any

import mlflow
from filelock import FileLock, Timeout
from kedro.framework.context import KedroContext
from kedro.framework.project import LOGGING
from kedro.framework.session import KedroSession

from nli_lifecycle.packed import read_configuration, verify_packed

#: Defaults for MLflow; a user's own values win.
MLFLOW_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # a dead server otherwise hangs a run for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",  # one bar per model fetched, even from disk
}


class ProjectError(ValueError):
    """The run cannot start as asked: unknown environment, or another run holds the data root."""


class NliSession(KedroSession):
    """A ``KedroSession`` that knows the project's environments.

    ``run()`` without names takes ``default_pipelines`` from the environment's ``globals.yml``.
    """

    def load_context(self) -> KedroContext:
        """Check the environment's name first: Kedro accepts any and falls back silently.

        Raises:
            ProjectError: for an environment that has no layer under the configuration folder.
            PackedError: for a configuration that was packed for other code, or changed since.
        """
        for name, value in MLFLOW_DEFAULTS.items():
            os.environ.setdefault(name, value)
        # Once more: MLflow and kedro-mlflow set levels of their own when they are imported.
        LOGGING.configure(LOGGING.data)
        self._globals()
        verify_packed(read_configuration(self._conf_source))
        with _restored("MLFLOW_TRACKING_URI"), _restored("MLFLOW_REGISTRY_URI"):
            return super().load_context()

    def run(  # type: ignore[override]  # the other arguments are Kedro's own
        self,
        pipeline_name: str | None = None,
        pipeline_names: list[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run pipelines as ``KedroSession.run`` does, holding the data root's lock.

        Args:
            pipeline_name: one name to run (Kedro's older argument).
            pipeline_names: names to run; empty: the environment's ``default_pipelines``.
            kwargs: everything else that ``KedroSession.run`` takes.

        Raises:
            ProjectError: unknown environment, or another run is busy in this data root.
        """
        config = self._globals()
        names = [pipeline_name] if pipeline_name else pipeline_names
        with ExitStack() as stack:
            stack.enter_context(_lock(Path(config["data_root"])))
            stack.enter_context(_sigterm_as_interrupt())
            stack.enter_context(_no_run_left_open())
            return super().run(pipeline_names=names or list(config["default_pipelines"]), **kwargs)

    def _globals(self) -> dict[str, Any]:
        loader = self._get_config_loader()
        asked = self.store.get("env") or loader["globals"].get("environment")
        known = environments(self._conf_source)
        if known and asked not in known:
            raise ProjectError(
                f"Unknown environment '{asked}'. Known environments: {', '.join(known)}. "
                f"Use for example `kedro run --env {known[0]}`, or add a folder under conf/."
            )
        return dict(loader["globals"])


def environments(conf_source: str | Path) -> list[str]:
    """Names of the environments: the layers beside ``base``, in a folder or a packed archive."""
    layers = (PurePosixPath(name).parts for name in read_configuration(conf_source))
    return sorted(
        layer[0] for layer in layers if layer[1:] == ("globals.yml",) and layer[0] != "base"
    )


@contextmanager
def _restored(variable: str) -> Iterator[None]:
    """Undo what a block does to an environment variable.

    ``mlflow.set_tracking_uri`` and ``set_registry_uri`` also export the address, which the next
    session in this process would take for the user's own choice.
    """
    before = os.environ.get(variable)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before


@contextmanager
def _lock(data_root: Path) -> Iterator[None]:
    data_root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data_root / ".run.lock")
    try:
        with lock.acquire(timeout=0):
            yield
    except Timeout:
        raise ProjectError(
            f"Another run is busy in {data_root}. Wait for it to end, "
            "or give this one its own folder with NLI_HOME=<folder>."
        ) from None


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that the MLflow run is closed."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt("SIGTERM")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _no_run_left_open() -> Iterator[None]:
    """End whatever MLflow run is still open, with a status that tells the truth.

    kedro-mlflow ends its run on success and on an ordinary error, but leaves it open, later
    to be marked FINISHED, on Ctrl-C, ``sys.exit`` and an error in a hook. A run that was
    already open when the session began belongs to the caller and stays open.
    """
    outer = mlflow.active_run()
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        while (run := mlflow.active_run()) and (
            outer is None or run.info.run_id != outer.info.run_id
        ):
            mlflow.end_run(status)
