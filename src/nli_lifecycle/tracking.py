"""What nodes log to the active MLflow run; without one, nothing is logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

MetricsCallback = Callable[[Mapping[str, float], int], None]


def run_tags(*names: str) -> dict[str, str]:
    """Read the active run's id and the named tags of it.

    Args:
        names: tags to copy; those the run does not have are left out.

    Returns:
        ``{"run_id": …, name: value …}``, empty when no run is active.
    """
    active = mlflow.active_run()
    if active is None:
        return {}
    tags = mlflow.get_run(active.info.run_id).data.tags
    return {"run_id": active.info.run_id} | {name: tags[name] for name in names if name in tags}


def run_link() -> str | None:
    """Where the active run is in the MLflow UI, relative to its address; None without one."""
    active = mlflow.active_run()
    if active is None:
        return None
    return f"#/experiments/{active.info.experiment_id}/runs/{active.info.run_id}"


@contextmanager
def child_run(
    name: str, tags: Mapping[str, str], memory: Path | None = None
) -> Iterator[MetricsCallback]:
    """Open a child of the active run, and give the callback that logs curves into it.

    Curves get a run of their own because a parent run, once ended, is never reopened. Where the
    process died, the child that it had opened goes on, below the run that opened it first.

    Args:
        name: the child's name.
        tags: its tags.
        memory: file that remembers the child's id while the work is unfinished; None: each call
            opens another.
    """
    parent = mlflow.active_run()
    if parent is None:
        yield lambda metrics, step: None
        return
    child = _unfinished(memory) if memory else None
    with mlflow.start_run(child, run_name=name, nested=True, tags=dict(tags)) as run:
        if memory:
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.write_text(run.info.run_id)
        mlflow.MlflowClient().set_tag(parent.info.run_id, f"{name}_run", run.info.run_id)
        child_id = run.info.run_id  # named, as another thread has no active run
        yield lambda metrics, step: mlflow.log_metrics(dict(metrics), step=step, run_id=child_id)


def _unfinished(memory: Path) -> str | None:
    """The child run to go on with; the parent that died with it is no longer running either."""
    if not memory.is_file():
        return None
    client = mlflow.MlflowClient()
    try:
        run = client.get_run(memory.read_text().strip())
    except MlflowException:  # of another store, or deleted for good
        return None
    if run.info.lifecycle_stage != "active":
        return None
    first = run.data.tags.get("mlflow.parentRunId")
    if first and client.get_run(first).info.status == "RUNNING":
        client.set_terminated(first, "KILLED")
    return str(run.info.run_id)


def log_metrics(metrics: Mapping[str, float]) -> None:
    """Log figures into the active run."""
    if mlflow.active_run():
        mlflow.log_metrics(dict(metrics))


def set_tags(tags: Mapping[str, str]) -> None:
    """Tag the active run."""
    if mlflow.active_run():
        mlflow.set_tags(dict(tags))
