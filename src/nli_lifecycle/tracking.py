"""What nodes log to the active MLflow run; without one, nothing is logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import mlflow

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
def child_run(name: str, tags: Mapping[str, str]) -> Iterator[MetricsCallback]:
    """Open a child of the active run, and give the callback that logs curves into it.

    Curves get a run of their own because a parent run, once ended, is never reopened.

    Args:
        name: the child's name.
        tags: its tags.
    """
    if mlflow.active_run() is None:
        yield lambda metrics, step: None
        return
    with mlflow.start_run(run_name=name, nested=True, tags=dict(tags)):
        yield lambda metrics, step: mlflow.log_metrics(dict(metrics), step=step)
