"""Bytes into an environment's own artifact location: one logged model per bundle."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, LoggedModelStatus
from mlflow.exceptions import MlflowException
from requests import RequestException

from nli_lifecycle.lifecycle.registry.answers import already_there_is_fine
from nli_lifecycle.lifecycle.versions import RegistryError
from nli_lifecycle.nli.bundle import Bundle


def find_experiment(client: MlflowClient, name: str, artifact_root: str | None) -> str:
    """Find or make the experiment that owns an environment's bytes.

    Args:
        client: of the environment's tracking store.
        name: the experiment's name.
        artifact_root: its artifact location should it have to be made; None: the store's default.

    Returns:
        The experiment's id.

    Raises:
        RegistryError: the experiment was deleted, and its name is still taken.
    """
    if client.get_experiment_by_name(name) is None:
        with already_there_is_fine():
            client.create_experiment(name, artifact_root)
    experiment = client.get_experiment_by_name(name)
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise RegistryError(
            f"Experiment {name} was deleted, so no model can be stored in it. Restore it: "
            f"`mlflow experiments restore --experiment-id {experiment.experiment_id}`."
        )
    return str(experiment.experiment_id)


def finished_upload(client: MlflowClient, experiment_id: str, digest: str) -> str | None:
    """Find an upload that an earlier, interrupted registration had finished.

    Returns:
        Id of a READY logged model that carries the digest; None where there is none.
    """
    models = client.search_logged_models([experiment_id], f"tags.digest = '{digest}'")
    ready = (model.model_id for model in models if model.status == LoggedModelStatus.READY)
    return next(ready, None)


def upload(
    client: MlflowClient,
    experiment_id: str,
    name: str,
    bundle: Bundle,
    tags: Mapping[str, str],
) -> str:
    """Upload a bundle as a logged model; READY only once its last byte is there.

    Returns:
        The logged model's id.
    """
    model = client.create_logged_model(
        experiment_id, name=name, source_run_id=tags.get("run_id"), tags=dict(tags)
    )
    try:
        client.log_model_artifacts(model.model_id, str(bundle.path))
    except BaseException:
        with suppress(MlflowException, RequestException):
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
        raise
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    return str(model.model_id)
