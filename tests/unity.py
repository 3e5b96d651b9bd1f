"""A registry that refuses what Unity Catalog refuses, over MLflow's own SQLite registry.

From Databricks' documentation and MLflow's client for it (field notes of this project): no stages,
no latest versions, one filter, no order, search results without tags and aliases, a signature with
inputs and outputs, tags within limits, bytes copied into the catalog's own storage. Each
environment has a tracking store of its own; an upstream's cannot be reached at all.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import mlflow
import yaml
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from nli_lifecycle.datasets.registry import RegistryDataset
from nli_lifecycle.lifecycle.registry import MlflowRegistry

TRACKING = ("experiment", "run", "logged_model", "log_", "artifact", "set_terminated")
STAGES = ("get_latest_versions", "transition_model_version_stage")
UPSTREAM = {"staging": "dev", "prod": "staging"}
FILTER = re.compile(r"name='[\w-]+\.[\w-]+\.[\w-]+'")


def refuse(why: str) -> None:
    raise MlflowException(f"Unity Catalog: {why}", error_code=3)  # INVALID_PARAMETER_VALUE


class UnityClient:
    """A client of the double.

    Args:
        client: over SQLite stores.
        storage: the catalog's own folder.
        tracking: whether the tracking store can be reached from here.
    """

    def __init__(self, client: MlflowClient, storage: Path, tracking: bool = True) -> None:
        self._client, self._storage, self._tracking = client, storage, tracking
        self.called: set[str] = set()

    def __getattr__(self, name):
        self.called.add(name)
        if name in STAGES:
            refuse("there are no stages")
        if not self._tracking and any(part in name for part in TRACKING):
            raise AssertionError(f"{name}: the upstream's workspace cannot be reached")
        return getattr(self._client, name)

    def create_registered_model(self, name, *args, **kwargs):
        if name.count(".") != 2:
            refuse("a name is catalog.schema.model")
        return self._client.create_registered_model(name, *args, **kwargs)

    def search_model_versions(self, filter_string=None, *, page_token=None, **others):
        if others or not FILTER.fullmatch(filter_string or ""):
            refuse("search takes name='c.s.m' and nothing else")
        found = self._client.search_model_versions(filter_string, page_token=page_token)
        bare = [
            SimpleNamespace(
                name=one.name,
                version=one.version,
                status=one.status,
                tags=lambda: {},  # a bound method, always true
                aliases=lambda: [],
            )
            for one in found
        ]
        return Page(bare)

    def create_model_version(self, name, source, run_id=None, tags=None, model_id=None, **others):
        assert source == f"models:/{model_id}" and not others, "bytes come from a logged model"
        self._check_tags(tags or {})
        origin = Path(self._client.get_logged_model(model_id).artifact_location)
        signature = yaml.safe_load((origin / "MLmodel").read_text()).get("signature") or {}
        if not {"inputs", "outputs"} <= signature.keys():
            refuse("a signature with inputs and outputs is mandatory")
        own = self._storage / name / f"{len(list(self._storage.rglob('MLmodel')))}"
        shutil.copytree(origin, own)
        return self._client.create_model_version(name, str(own), run_id, tags)

    def set_model_version_tag(self, name, version, key, value):
        there = self._client.get_model_version(name, version).tags
        self._check_tags({**there, key: value})
        return self._client.set_model_version_tag(name, version, key, value)

    def set_registered_model_alias(self, name, alias, version):
        if not re.fullmatch("[a-z][a-z_]*", alias) or alias == "latest":
            refuse(f"no alias is called {alias}")
        return self._client.set_registered_model_alias(name, alias, version)

    def download(self, uri: str, target: str) -> str:
        """What download_artifacts does with ``models:/name/version``."""
        name, version = uri.removeprefix("models:/").rsplit("/", 1)
        source = self._client.get_model_version(name, version).source
        return str(shutil.copytree(source, Path(target) / "bytes"))

    def _check_tags(self, tags) -> None:
        if len(tags) > 50:
            refuse(f"{len(tags)} tags, over 50")
        for key, value in tags.items():
            if re.search(r"[.,\-=/:]", key) or len(str(value)) > 1_000:
                refuse(f"tag {key}")


class Page(list):
    """A page of results, the only one."""

    token = None


def unity_registry(
    folder: Path, environment: str, upstream: MlflowRegistry | None = None, tracking: bool = True
) -> MlflowRegistry:
    """One environment in its own workspace, in a metastore that all share."""
    registry = MlflowRegistry(
        f"{environment}.nli.classifier",
        environment=environment,
        experiment=f"nli-{environment}",
        artifact_root=str(folder / environment / "artifacts"),
        downloads=folder / environment / "downloads" / str(tracking),
        tracking_uri=f"sqlite:///{folder}/{environment}.db",
        registry_uri=f"sqlite:///{folder}/metastore.db",
        upstream=upstream,
    )
    registry.client = UnityClient(registry.client, folder / "catalog", tracking)
    registry._registry_uri = "databricks-uc"
    registry.actor = f"somebody in {environment}"
    return registry


def open_workspace(folder: Path, environment: str) -> MlflowRegistry:
    """One environment's registry, which sees its upstream through the metastore alone."""
    above = UPSTREAM.get(environment)
    upstream = unity_registry(folder, above, tracking=False) if above else None
    return unity_registry(folder, environment, upstream)


def stand_in(folder: Path) -> None:
    """Let every registry that this process opens be the double's; it ends with the process."""
    theirs = mlflow.artifacts.download_artifacts
    catalog = unity_registry(folder, "dev").client

    def download(artifact_uri=None, dst_path=None, **others):
        if str(artifact_uri).startswith("models:/"):
            return catalog.download(artifact_uri, dst_path)
        return theirs(artifact_uri=artifact_uri, dst_path=dst_path, **others)

    mlflow.artifacts.download_artifacts = download
    RegistryDataset.load = lambda self: open_workspace(folder, self._environment)
