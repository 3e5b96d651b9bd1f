"""An environment's registered model in MLflow.

A version's bytes are uploaded as a logged model under this environment's own experiment, so
that they survive whatever happens to the environment they came from. A logged model becomes
READY only after its last byte, and a version is created from READY ones only, its tags in the
same call: nothing half-uploaded can ever be found as a version. Identity is the digest, written
as a tag and verified on the bytes, never the version's number.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.registry.answers import already_there_is_fine, explained
from nli_lifecycle.lifecycle.registry.upload import find_experiment, finished_upload, upload
from nli_lifecycle.lifecycle.versions import (
    CANDIDATE,
    Registry,
    RegistryError,
    check_tags,
    verified,
)
from nli_lifecycle.nli.bundle import Bundle, open_bundle

__all__ = ["MlflowRegistry", "ModelRef", "Registry", "RegistryError"]

#: Addresses of registries that this process opens itself, without a server between.
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


class MlflowRegistry:
    """One environment's registered model in MLflow (embedded, server or Unity Catalog).

    Args:
        name: registered model, for example ``dev.nli.classifier``.
        environment: the environment whose model this is.
        experiment: name of the experiment under which bytes are uploaded.
        downloads: local folder for fetched versions; may be deleted at any time.
        artifact_root: artifact location of the experiment should it have to be created.
        tracking_uri: store of experiments and artifacts; None: MLflow's current one.
        registry_uri: store of registered models; None: the one that belongs to the tracking URI.
        upstream: registry whose champion comes in here, None where models are trained.
    """

    def __init__(
        self,
        name: str,
        *,
        environment: str,
        experiment: str,
        downloads: Path,
        artifact_root: str | None = None,
        tracking_uri: str | None = None,
        registry_uri: str | None = None,
        upstream: Registry | None = None,
    ) -> None:
        self.name = name
        self.environment = environment
        self.upstream = upstream
        self._experiment = experiment
        self._artifact_root = artifact_root
        self._downloads = downloads
        self._tracking_uri = tracking_uri or mlflow.get_tracking_uri()
        # Said explicitly: left out, MLflow takes the registry that the process used last.
        on_databricks = self._tracking_uri.startswith("databricks")
        self._registry_uri = registry_uri or (
            "databricks-uc" if on_databricks else self._tracking_uri
        )
        with explained(f"open the registry of {name}"):
            self.client = MlflowClient(self._tracking_uri, self._registry_uri)

    def register(self, bundle: Bundle, tags: Mapping[str, str]) -> ModelRef:
        """Make the bundle a version and the candidate; the same digest is never a second one.

        Args:
            bundle: a sealed folder; verified again here.
            tags: lineage, such as run_id, data_version, code_version, config_hash.

        Returns:
            The version: the one already there for this digest, else a new one.

        Raises:
            BundleError: the folder is not as it was sealed.
            RegistryError: the store refuses or cannot be reached; nothing half-registered is
                visible, and running again finishes the job.
        """
        bundle = open_bundle(bundle.path)
        recorded = check_tags({**tags, "digest": bundle.digest, "environment": self.environment})
        with explained(f"register {bundle.path} as a version of {self.name}"):
            self._ensure_model()
            if self._find(bundle.digest) is None:
                self._create_version(bundle, recorded)
            ref = self._find(bundle.digest)
        if ref is None:
            raise RegistryError(
                f"{self.name} did not make a READY version of digest {bundle.digest[:12]}. "
                "Look at its versions in the MLflow UI, then run again."
            )
        self.point(CANDIDATE, ref)
        return ref

    def fetch(self, ref: ModelRef) -> Bundle:
        """Bring a version's bytes to this machine, verified against its digest.

        Args:
            ref: the version.

        Returns:
            The bundle, in this registry's download folder.

        Raises:
            RegistryError: no such version, or its bytes are not what was registered.
        """
        self._own(ref)
        self._downloads.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._downloads, prefix=".fetching-") as unverified:
            with explained(f"download {ref}"):
                source = self._source(ref)
                path = mlflow.artifacts.download_artifacts(
                    artifact_uri=source,
                    dst_path=unverified,
                    tracking_uri=self._tracking_uri,
                    registry_uri=self._registry_uri,
                )
            bundle = verified(Path(path), ref)
            final = self._downloads / ref.digest
            shutil.rmtree(final, ignore_errors=True)
            bundle.path.rename(final)
        return replace(bundle, path=final)

    def alias(self, alias: str) -> ModelRef | None:
        """The version an alias points at, None where there is none."""
        with explained(f"read the aliases of {self.name}"):
            try:
                versions = self.client.get_registered_model(self.name).aliases
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise
            version = versions.get(alias)
            return None if version is None else self._ref(str(version))

    def point(self, alias: str, ref: ModelRef) -> None:
        """Move an alias."""
        self._own(ref)
        with explained(f"set the alias {alias} of {self.name}"):
            self.client.set_registered_model_alias(self.name, alias, ref.version)

    def tags(self, ref: ModelRef) -> dict[str, str]:
        """A version's tags."""
        self._own(ref)
        with explained(f"read {ref}"):
            return dict(self.client.get_model_version(self.name, ref.version).tags)

    def tag(self, ref: ModelRef, tags: Mapping[str, str]) -> None:
        """Set tags on a version."""
        self._own(ref)
        with explained(f"tag {ref}"):
            for key, value in check_tags(tags).items():
                self.client.set_model_version_tag(self.name, ref.version, key, value)

    def marked(self, key: str) -> dict[str, str]:
        """Digest → value of the tag ``key``, of every version that carries it."""
        with explained(f"read the versions of {self.name}"):
            tags = [self._tags_of(version) for version in self._versions()]
        return {found["digest"]: found[key] for found in tags if key in found}

    def _own(self, ref: ModelRef) -> None:
        if ref.name != self.name:
            raise RegistryError(f"{ref} is no version of {self.name}.")

    def _ref(self, version: str) -> ModelRef:
        digest = self.client.get_model_version(self.name, version).tags.get("digest")
        if not digest:
            raise RegistryError(
                f"{self.name} version {version} has no digest tag: it was not registered by this "
                "project. Move its aliases to a version that was."
            )
        return ModelRef(name=self.name, version=version, digest=digest)

    def _ensure_model(self) -> None:
        try:
            self.client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            with already_there_is_fine():
                self.client.create_registered_model(self.name)

    def _find(self, digest: str) -> ModelRef | None:
        """The first READY version that carries the digest."""
        found = [
            int(version.version)
            for version in self._versions()
            if version.status == "READY" and self._tags_of(version).get("digest") == digest
        ]
        return ModelRef(name=self.name, version=str(min(found)), digest=digest) if found else None

    def _versions(self) -> Iterator[ModelVersion]:
        token = None
        while True:  # Unity Catalog takes no other filter and no order
            page = self.client.search_model_versions(f"name='{self.name}'", page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _tags_of(self, version: ModelVersion) -> Mapping[str, str]:
        """Tags of a search result: Unity Catalog gives none there, so that it is read again."""
        if not isinstance(version.tags, Mapping):
            version = self.client.get_model_version(self.name, version.version)
        return dict(version.tags)

    def _create_version(self, bundle: Bundle, tags: Mapping[str, str]) -> None:
        experiment_id = find_experiment(self.client, self._experiment, self._artifact_root)
        model_id = finished_upload(self.client, experiment_id, bundle.digest)
        if model_id is None:
            name = self.name.rpartition(".")[2]
            model_id = upload(self.client, experiment_id, name, bundle, tags)
        # A server checks that the model owns the source. Without one, MLflow would look the model
        # up in whatever store the process used last, so that there the source is said plainly.
        owned = {"source": f"models:/{model_id}", "model_id": model_id}
        plain = {"source": self.client.get_logged_model(model_id).artifact_location}
        embedded = self._registry_uri.startswith(DATABASES)
        self.client.create_model_version(
            self.name,
            run_id=tags.get("run_id"),
            tags=dict(tags),
            **(plain if embedded else owned),
        )

    def _source(self, ref: ModelRef) -> str:
        """Where the bytes are. Unity Catalog lends access only through its own address."""
        self.client.get_model_version(self.name, ref.version)
        if self._registry_uri.startswith("databricks"):
            return f"models:/{ref.name}/{ref.version}"
        return str(self.client.get_model_version_download_uri(self.name, ref.version))
