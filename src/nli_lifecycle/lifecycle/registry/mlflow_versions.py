"""Versions, aliases and tags of a registered model in MLflow: what needs no bytes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.registry.answers import explained
from nli_lifecycle.lifecycle.versions import CHAMPION, RegistryError, check_tags


class MlflowVersions:
    """See ``Registry`` for the methods.

    Args:
        name: registered model.
        client: of the stores.
        stage: legacy stage that follows the champion, such as Production; None: none does.
    """

    def __init__(self, name: str, client: MlflowClient, stage: str | None = None) -> None:
        self.name = name
        self.client = client
        self._stage = stage

    def aliases(self) -> dict[str, str]:
        """Every alias with the number of the version it points at."""
        with explained(f"read the aliases of {self.name}"):
            try:
                found = self.client.get_registered_model(self.name).aliases
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return {}
                raise
            return {str(alias): str(version) for alias, version in found.items()}

    def alias(self, alias: str) -> ModelRef | None:
        """The version an alias points at, None where there is none.

        Raises:
            RegistryError: that version was not registered by this project.
        """
        version = self.aliases().get(alias)
        if version is None:
            return None
        with explained(f"read {self.name} version {version}"):
            digest = self.client.get_model_version(self.name, version).tags.get("digest")
        if not digest:
            raise RegistryError(
                f"{self.name} version {version} has no digest tag: it was not registered by this "
                "project. Move its aliases to a version that was."
            )
        return ModelRef(name=self.name, version=version, digest=digest)

    def point(self, alias: str, ref: ModelRef) -> None:
        """Move an alias; the legacy stage follows the champion."""
        self._own(ref)
        with explained(f"set the alias {alias} of {self.name}"):
            _twice(self.client.set_registered_model_alias, self.name, alias, ref.version)
        if alias == CHAMPION and self._stage:
            with warnings.catch_warnings(), explained(f"move {ref} to stage {self._stage}"):
                warnings.simplefilter(
                    "ignore", FutureWarning
                )  # stages are deprecated, and asked for
                self.client.transition_model_version_stage(
                    self.name, ref.version, self._stage, archive_existing_versions=True
                )

    def versions(self) -> dict[ModelRef, dict[str, str]]:
        """Every READY version that this project registered, with its tags, oldest first."""
        with explained(f"read the versions of {self.name}"):
            ready = [version for version in self._versions() if version.status == "READY"]
            found = {}
            for version in sorted(ready, key=lambda version: int(version.version)):
                tags = self._tags_of(version)
                if digest := tags.get("digest"):
                    ref = ModelRef(name=self.name, version=str(version.version), digest=digest)
                    found[ref] = tags
            return found

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
                _twice(self.client.set_model_version_tag, self.name, ref.version, key, value)

    def describe(self, ref: ModelRef, text: str) -> None:
        """Set a version's description."""
        self._own(ref)
        with explained(f"describe {ref}"):
            self.client.update_model_version(self.name, ref.version, text)

    def delete(self, ref: ModelRef) -> None:
        """Delete a version; the store deletes its aliases with it."""
        self._own(ref)
        with explained(f"delete {ref}"):
            self.client.delete_model_version(self.name, ref.version)

    def _own(self, ref: ModelRef) -> None:
        if ref.name != self.name:
            raise RegistryError(f"{ref} is no version of {self.name}.")

    def _versions(self) -> Iterator[ModelVersion]:
        token = None
        while True:  # Unity Catalog takes no other filter and no order
            page = self.client.search_model_versions(f"name='{self.name}'", page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _tags_of(self, version: ModelVersion) -> dict[str, str]:
        """Tags of a search result: Unity Catalog gives none there, so that it is read again."""
        if not isinstance(version.tags, Mapping):
            version = self.client.get_model_version(self.name, version.version)
        return dict(version.tags)


def _twice(set_it: Callable[..., Any], *values: str) -> None:
    """Set an alias or a tag; whoever loses the race to create it is refused, but only once."""
    try:
        set_it(*values)
    except MlflowException:
        set_it(*values)
