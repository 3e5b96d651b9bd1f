"""Nodes of training: identify, train, export, register.

What needs PyTorch is imported where it is called: every command reads this module, and few train.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.lifecycle.approval import supersede_others
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.standing import AUTHOR
from nli_lifecycle.lifecycle.versions import CHAMPION, PREVIOUS, Registry
from nli_lifecycle.nli.bundle import Bundle, open_bundle
from nli_lifecycle.nli.origin import write_origin
from nli_lifecycle.nli.training.task import Launcher
from nli_lifecycle.parameters import BY_THE_WAY, ExportParameters, TrainingParameters
from nli_lifecycle.provenance import code_version, library_versions, sha256_json
from nli_lifecycle.pyfunc.package import save_pyfunc
from nli_lifecycle.tracking import child_run, log_metrics, run_tags

from .start import Start

logger = logging.getLogger(__name__)


def identify(
    data_version: str, start: Start, training: TrainingParameters, export: ExportParameters
) -> str:
    """Hash everything that decides what training and export produce.

    Returns:
        16 hex digits: the same key means the same model, so its finished bundle is reused.
    """
    from nli_lifecycle.nli.training.encoders import encoder_digest

    parts = {
        "data": data_version,
        "encoder": encoder_digest(start.weights),
        "training": training.model_dump(mode="json", exclude=BY_THE_WAY),
        "export": export.model_dump(mode="json"),
        "code": code_version(),
        "libraries": library_versions(),
    }
    return sha256_json(parts)[:16]


def train_model(
    models: KeyedStore,
    training_key: str,
    start: Start,
    train_pairs: pd.DataFrame,
    validation_pairs: pd.DataFrame,
    launcher: Launcher,
    training: TrainingParameters,
) -> str:
    """Fine-tune the start's weights, or find the checkpoint that this key has already made.

    Returns:
        The checkpoint's folder: a Hugging Face model with ``training.json`` beside it.
    """
    if finished := models.find(training_key, "checkpoint"):
        logger.info("Same data, parameters, code and libraries: reusing model %s.", training_key)
        return str(finished)
    from nli_lifecycle.nli.export.payload import check_exportable
    from nli_lifecycle.nli.training.loop import train
    from nli_lifecycle.nli.training.together import train_together

    # Seconds here save the minutes of training a model that could never be exported.
    check_exportable(start.weights, max_length=training.max_length)
    unfinished = models.workplace(training_key, "checkpoint")
    tags = {"training_key": training_key}
    with (
        child_run("training", tags, unfinished / "run_id") as log_curves,
        models.writing(training_key, "checkpoint") as folder,
    ):
        fine_tune = partial(train_together, launch=launcher) if training.processes > 1 else train
        result = fine_tune(
            train_pairs,
            validation_pairs,
            training,
            encoder=start.weights,
            output=folder,
            progress=unfinished / "progress",
            on_metrics=log_curves,
        )
        record = asdict(result) | {"checkpoint": "."} | run_tags()
        (folder / "training.json").write_text(json.dumps(record, indent=2, default=str) + "\n")
    models.clear_workplace(training_key, "checkpoint")
    log_metrics({f"training/{name}": getattr(result, name) for name in COSTS})
    return str(models.find(training_key, "checkpoint"))


#: Figures of a training that its run shows beside others, to compare.
COSTS = ["seconds", "cpu_seconds", "pairs_per_second", "pairs_per_cpu_second", "peak_memory_mb"]
COSTS += ["steps", "epochs_run", "best_macro_f1", "best_accuracy"]


def export_bundle(
    models: KeyedStore,
    training_key: str,
    data_version: str,
    checkpoint: str,
    start: Start,
    train_pairs: pd.DataFrame,
    validation_pairs: pd.DataFrame,
    training: TrainingParameters,
    export_parameters: ExportParameters,
) -> Bundle:
    """Turn the checkpoint into the sealed bundle that is evaluated, registered and served.

    The bundle remembers which rows it was trained on, so that any evaluation can tell; those of
    the champion whose training it continues are among them.
    """
    if finished := models.find(training_key, "bundle"):
        return open_bundle(finished)
    from nli_lifecycle.nli.export.payload import export

    with TemporaryDirectory() as workplace, models.writing(training_key, "bundle") as folder:
        payload, origin = Path(workplace, "payload"), Path(workplace, "origin")
        report = export(
            Path(checkpoint),
            payload,
            export_parameters,
            validation_pairs,
            max_length=training.max_length,
            overlap=training.overlap,
        )
        # Not the training key: it holds the code's version, and the bytes decide the digest.
        facts = {"data_version": data_version}
        write_origin(origin, train_pairs, validation_pairs, facts, before=start.champion)
        save_pyfunc(payload, folder, origin)
    logger.info("Bundle in %s: %s", report.precision, report.reason)
    logger.info("Temperature %.3f, fitted on validation.", report.temperature)
    return open_bundle(models.folder / training_key / "bundle")


def register_candidate(
    registry: Registry,
    models: KeyedStore,
    bundle: Bundle,
    training_key: str,
    data_version: str,
    training: TrainingParameters,
    further_tags: Mapping[str, str] | None = None,
) -> ModelRef:
    """Register the bundle as this environment's candidate; the same digest is found again.

    Older checkpoints are removed from this machine, but for those of versions in use: the
    registry has its own copy of every bundle. Further tags are set on a version found again too:
    these bytes may have been trained by hand before they won a study.
    """
    further_tags = further_tags or {}
    tags = {
        "training_key": training_key,
        "data_version": data_version,
        "code_version": code_version(),
        AUTHOR: registry.actor,
        **run_tags("config_hash", "environment", "git_sha", "git_dirty"),
        **further_tags,
    }
    candidate = registry.register(bundle, tags)
    if further_tags:
        registry.tag(candidate, further_tags)
    supersede_others(registry, candidate)
    refs = filter(None, map(registry.alias, (CHAMPION, PREVIOUS)))
    in_use = {registry.tags(ref).get("training_key", "") for ref in refs} | {training_key}
    for key in models.keep_recent("checkpoint", training.keep_models, in_use):
        logger.info("Removed the checkpoint of model %s: training.keep_models.", key)
    return candidate
