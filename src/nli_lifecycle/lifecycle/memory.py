"""A registry that lives in memory: for tests and notebooks, with the behaviour of the real one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.versions import (
    CANDIDATE,
    Registry,
    RegistryError,
    check_tags,
    verified,
)
from nli_lifecycle.nli.bundle import Bundle, open_bundle


class InMemoryRegistry:
    """Versions and aliases in memory, bytes copied into a folder of its own.

    Args:
        name: registered model.
        environment: the environment whose model this is.
        folder: where the versions' bytes are kept.
        upstream: registry whose champion comes in here, None where models are trained.
    """

    def __init__(
        self, name: str, *, environment: str, folder: Path, upstream: Registry | None = None
    ) -> None:
        self.name = name
        self.environment = environment
        self.upstream = upstream
        self._folder = folder
        self._tags: dict[str, dict[str, str]] = {}
        self._aliases: dict[str, str] = {}

    def register(self, bundle: Bundle, tags: Mapping[str, str]) -> ModelRef:
        """See ``Registry.register``."""
        bundle = open_bundle(bundle.path)
        recorded = check_tags({**tags, "digest": bundle.digest, "environment": self.environment})
        for version, known in self._tags.items():
            if known["digest"] == bundle.digest:
                break
        else:
            version = str(len(self._tags) + 1)
            shutil.copytree(bundle.path, self._folder / version)
            self._tags[version] = recorded
        self._aliases[CANDIDATE] = version
        return self._ref(version)

    def fetch(self, ref: ModelRef) -> Bundle:
        """See ``Registry.fetch``."""
        self.tags(ref)
        return verified(self._folder / ref.version, ref)

    def alias(self, alias: str) -> ModelRef | None:
        """See ``Registry.alias``."""
        return self._ref(self._aliases[alias]) if alias in self._aliases else None

    def point(self, alias: str, ref: ModelRef) -> None:
        """See ``Registry.point``."""
        self.tags(ref)
        self._aliases[alias] = ref.version

    def tags(self, ref: ModelRef) -> dict[str, str]:
        """See ``Registry.tags``."""
        if ref.name != self.name or ref.version not in self._tags:
            raise RegistryError(f"{self.name} has no version like {ref}.")
        return dict(self._tags[ref.version])

    def tag(self, ref: ModelRef, tags: Mapping[str, str]) -> None:
        """See ``Registry.tag``."""
        self.tags(ref)
        self._tags[ref.version].update(check_tags(tags))

    def marked(self, key: str) -> dict[str, str]:
        """See ``Registry.marked``."""
        return {tags["digest"]: tags[key] for tags in self._tags.values() if key in tags}

    def _ref(self, version: str) -> ModelRef:
        return ModelRef(name=self.name, version=version, digest=self._tags[version]["digest"])
