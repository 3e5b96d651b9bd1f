"""The hook that records, while a run runs, what it takes to run it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from mlflow import MlflowClient, active_run, log_dict, set_tag
from pydantic import BaseModel

from nli_lifecycle.masking import mask_text, mask_values
from nli_lifecycle.provenance import (
    LIBRARIES,
    code_version,
    git_state,
    library_versions,
    sha256_json,
)
from nli_lifecycle.replay.record import (
    RECORD,
    REPLAY_OF,
    REPLAYING,
    Code,
    Record,
    Selection,
    without_run_id,
)

#: Beside what makes a model: what makes data, and what carries it all.
RECORDED_LIBRARIES = (*LIBRARIES, "pandas", "pyarrow", "rensa", "scikit-learn", "kedro", "mlflow")

#: Catalog entries whose value is the tag, or has it.
_CARRIERS = {"data_version": "data_version", "training_key": "training_key", "candidate": "digest"}


class RecordingHook:
    """Logs `replay.json` when a run begins, and tags it with what it used and made."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._run_id: str | None = None
        self._tagged: dict[str, str] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        self._context, self._run_id, self._tagged = context, None, {}

    @hook_impl(trylast=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        # trylast: kedro-mlflow opens the run in the same hook.
        run = active_run()
        if run is None or self._context is None:
            return
        self._run_id = run.info.run_id
        if replay := REPLAYING.get():
            replay.run_id = self._run_id
            set_tag(REPLAY_OF, replay.of)
        record = make_record(self._context, run_params, pipeline, catalog)
        log_dict(record.model_dump(mode="json"), RECORD)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        self._tag(dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        self._tag(dataset_name, data)

    def _tag(self, dataset_name: str, data: Any) -> None:
        tag = _CARRIERS.get(dataset_name)
        if tag is None or self._run_id is None:
            return
        value = str(getattr(data, tag, data))
        if self._tagged.get(tag) != value:
            MlflowClient().set_tag(self._run_id, tag, value)
            self._tagged[tag] = value


def make_record(
    context: KedroContext,
    run_params: dict[str, Any],
    pipeline: Pipeline,
    catalog: DataCatalog,
) -> Record:
    """Collect what decides a run.

    Args:
        context: the session's, with its configuration.
        run_params: what the session was asked for.
        pipeline: the nodes that run.
        catalog: holds the parameters, checked and with their defaults.
    """
    loader = context.config_loader
    project = Path(context.project_path)
    own, source = str(project / "conf"), str(loader.conf_source)
    chosen = {name: run_params.get(name) for name in Selection.model_fields}
    return Record(
        environment=loader["globals"]["environment"],
        pipelines=tuple(sorted(run_params.get("pipeline_names") or ["__default__"])),
        selection=Selection.model_validate({k: v for k, v in chosen.items() if v}),
        runtime_params=mask_values(without_run_id(run_params.get("runtime_params") or {})),
        parameters=mask_values(_taken_in(pipeline, catalog)),
        places=places_hash(loader),
        conf_source=None if source == own else mask_text(source),
        home=home_folder(),
        code=code_now(project),
    )


def places_hash(loader: Any) -> str:
    """Hash globals and catalog: where things lie and how they are stored."""
    return sha256_json(mask_values({name: loader[name] for name in ("globals", "catalog")}))


def code_now(project: Path) -> Code:
    """Describe the code of a project as it is."""
    git = git_state(project)
    return Code(
        git_sha=git.get("git_sha"),
        git_dirty=git.get("git_dirty") == "true",
        version=code_version(),
        source=code_version(["."]),
        libraries=library_versions(RECORDED_LIBRARIES),
    )


def home_folder() -> str:
    """NLI_HOME, or what stands in for it."""
    from nli_lifecycle.settings import home  # settings import this module

    return home().rstrip("/")


def _taken_in(pipeline: Pipeline, catalog: DataCatalog) -> dict[str, Any]:
    """The parameters that nodes take in, whole groups, as plain values."""
    names = pipeline.inputs()
    groups = {name[7:].split(".")[0] for name in names if name.startswith("params:")}
    every = catalog.load("parameters")
    return {
        name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        for name, value in every.items()
        if name in groups or "parameters" in names
    }
