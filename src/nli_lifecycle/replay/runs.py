"""Reading runs back: which store has one, what it says, which rows it used."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from pydantic import ValidationError

from nli_lifecycle.replay.record import RECORD, Record
from nli_lifecycle.session import MLFLOW_DEFAULTS

#: What MLflow answers for a run that is not there, and for a text that cannot be an id.
_NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class RunError(ValueError):
    """A run that cannot be replayed as asked."""


@dataclass(frozen=True)
class Used:
    """Rows that a run loaded."""

    name: str
    context: str  # raw, training, validation, evaluation
    digest: str
    rows: int | None
    origin: str
    stamp: str  # of a file: size and time; of a table its version
    content: str  # sha256 of a file


@dataclass(frozen=True)
class FoundRun:
    """A run, as its store tells it; ``record`` is None if it is older than recording."""

    run_id: str
    asked: str  # the id that was asked for: a child's, perhaps
    store: str
    status: str
    started: str
    tags: dict[str, str]
    params: dict[str, str]
    used: tuple[Used, ...]
    record: Record | None


def find_run(run_id: str, stores: Mapping[str, Sequence[str]]) -> FoundRun:
    """Find a run.

    Args:
        run_id: its id, or a child's.
        stores: address of each tracking store → the environments that use it.

    Raises:
        RunError: no store has it, or it was deleted.
    """
    for name, value in MLFLOW_DEFAULTS.items():
        os.environ.setdefault(name, value)
    for store in stores:
        if not _made(store):
            continue
        client = MlflowClient(store)
        run = _get(client, run_id)
        if run is None:
            continue
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        above = _get(client, parent) if parent else run
        if above is None:
            raise RunError(
                f"Run {run_id} is part of run {parent}, which is gone for good. The parent says "
                "what was run: without it there is nothing to replay."
            )
        if above.info.lifecycle_stage != "active":
            raise RunError(
                f"Run {above.info.run_id} was deleted. Restore it: MLFLOW_TRACKING_URI={store} "
                f"mlflow runs restore --run-id {above.info.run_id}."
            )
        return _found(client, above, run_id, store)
    asked = "; ".join(f"{store} ({', '.join(names)})" for store, names in stores.items())
    raise RunError(
        f"No run {run_id}. These tracking stores were asked: {asked}. The id stands in the "
        "summary of a run and in the MLflow UI; another store is named by MLFLOW_TRACKING_URI."
    )


def _made(store: str) -> bool:
    """Whether an embedded store is there; opening it would make it."""
    prefix = "sqlite:///"
    return not store.startswith(prefix) or Path(store.removeprefix(prefix)).exists()


def _get(client: MlflowClient, run_id: str) -> Run | None:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code in _NOT_THERE:
            return None
        raise


def _found(client: MlflowClient, run: Run, asked: str, store: str) -> FoundRun:
    started = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
    return FoundRun(
        run_id=run.info.run_id,
        asked=asked,
        store=store,
        status=run.info.status,
        started=started.isoformat(timespec="seconds"),
        tags=dict(run.data.tags),
        params=dict(run.data.params),
        used=tuple(map(_used, run.inputs.dataset_inputs)),
        record=_record(client, run.info.run_id),
    )


def _record(client: MlflowClient, run_id: str) -> Record | None:
    if RECORD not in {item.path for item in client.list_artifacts(run_id)}:
        return None
    with TemporaryDirectory() as folder:
        text = Path(client.download_artifacts(run_id, RECORD, folder)).read_text()
    try:
        return Record.model_validate_json(text)
    except ValidationError as error:
        raise RunError(
            f"Artifact {RECORD} of run {run_id} is damaged or of another version of this project: "
            f"{error.errors()[0]['msg']} ({'.'.join(map(str, error.errors()[0]['loc']))})."
        ) from error


def _used(entry: Any) -> Used:
    """An MLflow input: of ours, or of anybody who logged one into the run."""
    dataset = entry.dataset
    contexts = [tag.value for tag in entry.tags if tag.key == "mlflow.data.context"]
    profile = json.loads(dataset.profile or "{}")
    profile = profile if isinstance(profile, dict) else {}
    source = json.loads(dataset.source or "{}")
    return Used(
        name=dataset.name,
        context=contexts[0] if contexts else "",
        digest=dataset.digest,
        rows=profile.get("num_rows"),
        origin=str((source.get("tags") or {}).get("origin", "")),
        stamp=str(profile.get("version", "")),
        content=str(profile.get("content", "")),
    )
