"""The environment's model registry as a catalog entry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

if TYPE_CHECKING:
    from nli_lifecycle.lifecycle.registry import MlflowRegistry


class RegistryDataset(AbstractDataset[None, "MlflowRegistry"]):
    """A handle on the registry; load-only, and nothing is contacted before it is loaded.

    Args:
        registered_model: for example ``dev.nli.classifier``.
        environment: the environment's name.
        experiment: the MLflow experiment that owns its models' bytes.
        downloads: folder for the versions that are fetched.
        artifact_root: artifact location of the experiment should it have to be made.
        tracking_uri: store of experiments and artifacts; None: MLflow's current one.
        registry_uri: store of registered models; None: the tracking store's own.
        upstream: ``model``, ``registry_uri`` and ``tracking_uri`` of the registry whose champion
            comes in here as candidate; None where models are trained.
        stage: legacy stage that follows the champion; None: none does.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        registered_model: str,
        environment: str,
        experiment: str,
        downloads: str,
        artifact_root: str | None = None,
        tracking_uri: str | None = None,
        registry_uri: str | None = None,
        upstream: dict[str, str | None] | None = None,
        stage: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._registered_model = registered_model
        self._environment = environment
        self._experiment = experiment
        self._downloads = Path(downloads)
        self._artifact_root = artifact_root
        self._tracking_uri = tracking_uri
        self._registry_uri = registry_uri
        self._upstream = upstream
        self._stage = stage
        self.metadata = metadata

    def load(self) -> MlflowRegistry:
        """Open the registry."""
        from nli_lifecycle.lifecycle.registry import MlflowRegistry

        return MlflowRegistry(
            self._registered_model,
            environment=self._environment,
            experiment=self._experiment,
            downloads=self._downloads,
            artifact_root=self._artifact_root,
            tracking_uri=self._tracking_uri,
            registry_uri=self._registry_uri,
            stage=self._stage,
            upstream=self._open_upstream(),
        )

    def save(self, data: None) -> None:
        """Refuse: what happens in a registry happens through its handle."""
        raise NotImplementedError("RegistryDataset is load-only.")

    def _open_upstream(self) -> MlflowRegistry | None:
        from nli_lifecycle.lifecycle.registry import MlflowRegistry

        if self._upstream is None:
            return None
        model = str(self._upstream["model"])
        return MlflowRegistry(
            model,
            environment=model.partition(".")[0],  # the catalog is named after the environment
            experiment=self._experiment,
            downloads=self._downloads / "upstream",
            tracking_uri=self._upstream.get("tracking_uri"),
            registry_uri=self._upstream.get("registry_uri"),
        )

    def _describe(self) -> dict[str, Any]:
        # Not the URIs: a database's may hold a password.
        return {"registered_model": self._registered_model, "environment": self._environment}
