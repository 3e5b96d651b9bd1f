"""An environment's registered model in MLflow, and the bytes of its versions.

A version's bytes are uploaded as a logged model under this environment's own experiment, so
that they survive whatever happens to the environment they came from. A logged model becomes
READY only after its last byte, and a version is created from READY ones only, its tags in the
same call: nothing half-uploaded can ever be found as a version. Identity is the digest, written
as a tag and verified on the bytes, never the version's number.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.protocol import Ledger
from nli_lifecycle.lifecycle.registry.answers import (
    already_gone_is_fine,
    already_there_is_fine,
    explained,
)
from nli_lifecycle.lifecycle.registry.identity import acting
from nli_lifecycle.lifecycle.registry.mlflow_ledger import MlflowLedger
from nli_lifecycle.lifecycle.registry.mlflow_versions import MlflowVersions
from nli_lifecycle.lifecycle.registry.upload import find_experiment, finished_upload, upload
from nli_lifecycle.lifecycle.versions import (
    CANDIDATE,
    Registry,
    RegistryError,
    check_tags,
    verified,
)
from nli_lifecycle.nli.bundle import Bundle, open_bundle

MOST_RUNS = 100  # looked at for what one of them filed
#: Addresses of registries that this process opens itself, without a server between.
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


class MlflowRegistry(MlflowVersions):
    """One environment's registered model in MLflow (embedded, server or Unity Catalog).

    Args:
        name: registered model, for example ``dev.nli.classifier``.
        environment: the environment whose model this is.
        experiment: name of the experiment under which bytes are uploaded.
        downloads: local folder for fetched versions; may be deleted at any time.
        artifact_root: artifact location of the experiment should it have to be created.
        tracking_uri: store of experiments and artifacts; None: MLflow's current one.
        registry_uri: store of registered models; None: the one that belongs to the tracking URI.
        stage: legacy stage that follows the champion; None: none does.
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
        stage: str | None = None,
        upstream: Registry | None = None,
    ) -> None:
        self.environment = environment
        self.upstream = upstream
        self.experiment = experiment
        self._artifact_root = artifact_root
        self._downloads = downloads
        self._tracking_uri = tracking_uri or mlflow.get_tracking_uri()
        # Said explicitly: left out, MLflow takes the registry that the process used last.
        on_databricks = self._tracking_uri.startswith("databricks")
        self._registry_uri = registry_uri or (
            "databricks-uc" if on_databricks else self._tracking_uri
        )
        with explained(f"open the registry of {name}"):
            super().__init__(name, MlflowClient(self._tracking_uri, self._registry_uri), stage)

    @cached_property
    def ledger(self) -> Ledger:
        """The environment's release ledger, in its tracking store."""
        folder = "/Shared/" if self._tracking_uri.startswith("databricks") else ""
        return MlflowLedger(self.name, self.client, folder=folder)

    @cached_property
    def actor(self) -> str:
        """Who acts, by the platform's word."""
        return acting(self._tracking_uri)

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
            if not self._carrying(bundle.digest):
                self._create_version(bundle, recorded)
            ref = self._only(bundle.digest)
        if ref is None:
            raise RegistryError(
                f"{self.name} did not make a READY version of digest {bundle.digest[:12]}. "
                "Look at its versions in the MLflow UI, then run again."
            )
        self.point(CANDIDATE, ref)
        return ref

    def revive(self, digest: str) -> ModelRef | None:
        """Make a version again of bytes that are still in the artifact store.

        Returns:
            The version; None where the bytes are gone too.
        """
        with explained(f"look for the bytes of {digest[:12]}"):
            experiment_id = find_experiment(self.client, self.experiment, self._artifact_root)
            model_id = finished_upload(self.client, experiment_id, digest)
            if model_id is None:
                return None
            self._ensure_model()
            self._point_at_bytes(model_id, self.client.get_logged_model(model_id).tags)
            return self._only(digest)

    def fetch(self, ref: ModelRef, folder: Path | None = None) -> Bundle:
        """Bring a version's bytes to this machine, verified against its digest.

        Args:
            ref: the version.
            folder: where to, complete or not at all; it does not exist yet. None: into this
                registry's download folder, in the place of an earlier copy.

        Returns:
            The bundle.

        Raises:
            DamagedVersion: its bytes are not what was registered.
            RegistryError: no such version, or the store cannot be reached.
        """
        self._own(ref)
        final = folder or self._downloads / ref.digest
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent, prefix=".fetching-") as unverified:
            with explained(f"download {ref}"):
                source = self._source(ref)
                path = mlflow.artifacts.download_artifacts(
                    artifact_uri=source,
                    dst_path=unverified,
                    tracking_uri=self._tracking_uri,
                    registry_uri=self._registry_uri,
                )
            bundle = verified(Path(path), ref)
            if folder is None:
                shutil.rmtree(final, ignore_errors=True)
            try:
                bundle.path.rename(final)
            except OSError:  # another process has just fetched the same bytes
                return verified(final, ref)
        return replace(bundle, path=final)

    def filed(self, run_id: str, path: str) -> bytes | None:
        """What a run of this environment filed among its artifacts; None where it is gone."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                return Path(self.client.download_artifacts(run_id, path, folder)).read_bytes()
            except (MlflowException, OSError):
                return None

    def runs(self, tag: str, value: str) -> tuple[str, ...]:
        """See ``Registry.runs``."""
        with explained(f"look for runs of {self.environment}"):
            experiment = self.client.get_experiment_by_name(self.experiment)
            if experiment is None:
                return ()
            found = self.client.search_runs(
                [experiment.experiment_id],
                f"tags.{tag} = '{value}'",
                max_results=MOST_RUNS,
                order_by=["attributes.start_time DESC"],
            )
        return tuple(run.info.run_id for run in found)

    def _ensure_model(self) -> None:
        try:
            self.client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            with already_there_is_fine():
                self.client.create_registered_model(self.name)

    def _carrying(self, digest: str) -> list[ModelRef]:
        return [ref for ref in self.versions() if ref.digest == digest]

    def _only(self, digest: str) -> ModelRef | None:
        """The first version of these bytes; any later one is deleted.

        A second one appears where two processes register at once, or where a request was sent
        again because its answer was lost. Numbers only grow, so that everybody keeps the same one.
        """
        found = self._carrying(digest)
        for duplicate in found[1:]:
            with already_gone_is_fine():
                self.client.delete_model_version(self.name, duplicate.version)
        return found[0] if found else None

    def _create_version(self, bundle: Bundle, tags: Mapping[str, str]) -> None:
        experiment_id = find_experiment(self.client, self.experiment, self._artifact_root)
        model_id = finished_upload(self.client, experiment_id, bundle.digest)
        if model_id is None:
            name = self.name.rpartition(".")[2]
            model_id = upload(self.client, experiment_id, name, bundle, tags)
        self._point_at_bytes(model_id, tags)

    def _point_at_bytes(self, model_id: str, tags: Mapping[str, str]) -> None:
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
