"""Hooks that frame kedro-mlflow's: what a run is tagged with, what it logs, what it prints."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from pydantic import BaseModel

from nli_lifecycle.job_run import join, this_task
from nli_lifecycle.masking import command_line, mask_values
from nli_lifecycle.packed import packed_tags
from nli_lifecycle.provenance import git_state, sha256_json
from nli_lifecycle.summary import print_summary, summarise

logger = logging.getLogger(__name__)

#: Environment variable with the id of the alert's action that started this run.
ACTION_ID = "NLI_ACTION_ID"


class TrackingHook:
    """Tags that say where a run came from, and parameters that compare across runs.

    The wrappers are outermost around kedro-mlflow's hooks: while those log, they see secrets
    masked and typed parameters as plain maps, which they flatten to ``training.epochs``.
    """

    def __init__(self) -> None:
        self._tags: dict[str, str] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        loader = context.config_loader
        configuration = {name: loader[name] for name in ("globals", "parameters", "catalog")}
        self._tags = {
            "environment": loader["globals"]["environment"],
            "config_hash": sha256_json(mask_values(configuration)),
            "command": command_line(sys.argv),
            **git_state(Path(context.project_path)),
            **packed_tags(str(loader.conf_source)),  # a wheel knows its commit; the folder does not
        }
        if asked_by := os.environ.get(ACTION_ID):
            self._tags["action_id"] = asked_by

    @hook_impl(wrapper=True, tryfirst=True)
    def before_pipeline_run(self, run_params: dict[str, Any]) -> Iterator[None]:
        with _replaced(run_params, mask_values(run_params)):
            result = yield
        if run := mlflow.active_run():
            mlflow.set_tags(self._tags)
            if task := this_task():
                join(mlflow.MlflowClient(), run, task)
        return result

    @hook_impl(wrapper=True, tryfirst=True)
    def before_node_run(self, inputs: dict[str, Any]) -> Iterator[None]:
        plain = {
            name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
            for name, value in inputs.items()
            if name.startswith("params:")
        }
        with _replaced(inputs, mask_values(plain)):
            return (yield)


class SummaryHook:
    """One line per node while running, and the run's summary at its end."""

    def __init__(self) -> None:
        self._started = 0.0
        self._seconds: dict[str, float] = {}
        self._context: KedroContext | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        self._context = context
        self._seconds = {}

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        self._started = time.perf_counter()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        # Lazy tables are computed when they are saved, so a node's time ends with its last output.
        if dataset_name != node.outputs[-1]:
            return
        seconds = time.perf_counter() - self._started
        stage = min(node.tags, default="other")
        self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds
        logger.info("%s · %s · %.1f s", stage, node.name, seconds)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        # tryfirst: the MLflow run must still be open, so that an error here ends it as FAILED.
        if self._context is None or "summary" not in catalog:
            return
        settings = self._context.config_loader["globals"]
        summary = summarise(catalog, pipeline, settings, self._seconds, mlflow.active_run())
        catalog.save("summary", summary)
        print_summary(summary)


@contextmanager
def _replaced(target: dict[str, Any], values: dict[str, Any]) -> Iterator[None]:
    """Show other hooks ``values`` in place of ``target``'s own for a while."""
    before = {name: target[name] for name in values}
    target.update(values)
    try:
        yield
    finally:
        target.update(before)
