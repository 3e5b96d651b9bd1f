"""A registry that lives in memory: for tests and notebooks, with the behaviour of the real one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.memory import InMemoryLedger
from nli_lifecycle.lifecycle.ledger.protocol import Ledger
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
        actor: who acts.
    """

    def __init__(
        self,
        name: str,
        *,
        environment: str,
        folder: Path,
        upstream: Registry | None = None,
        actor: str = "somebody",
    ) -> None:
        self.name = name
        self.environment = environment
        self.upstream = upstream
        self.actor = actor
        self.ledger: Ledger = InMemoryLedger(name)
        self.descriptions: dict[str, str] = {}
        self.run_files: dict[str, dict[str, bytes]] = {}  # run id → path → what it filed
        self.run_tags: dict[str, dict[str, str]] = {}  # run id → its tags, oldest run first
        self._folder = folder
        self._made = 0
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
            self._made += 1
            version = str(self._made)
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

    def versions(self) -> dict[ModelRef, dict[str, str]]:
        """See ``Registry.versions``."""
        return {self._ref(version): dict(tags) for version, tags in self._tags.items()}

    def aliases(self) -> dict[str, str]:
        """See ``Registry.aliases``."""
        return dict(self._aliases)

    def describe(self, ref: ModelRef, text: str) -> None:
        """See ``Registry.describe``."""
        self.tags(ref)
        self.descriptions[ref.version] = text

    def delete(self, ref: ModelRef) -> None:
        """See ``Registry.delete``; the aliases go with the version, as in MLflow."""
        self.tags(ref)
        del self._tags[ref.version]
        for alias in [name for name, version in self._aliases.items() if version == ref.version]:
            del self._aliases[alias]

    def filed(self, run_id: str, path: str) -> bytes | None:
        """See ``Registry.filed``."""
        return self.run_files.get(run_id, {}).get(path)

    def runs(self, tag: str, value: str) -> tuple[str, ...]:
        """See ``Registry.runs``."""
        found = [run for run, tags in self.run_tags.items() if tags.get(tag) == value]
        return tuple(reversed(found))

    def revive(self, digest: str) -> ModelRef | None:
        """See ``Registry.revive``."""
        for folder in sorted(self._folder.iterdir(), key=lambda path: int(path.name)):
            if folder.name not in self._tags and open_bundle(folder).digest == digest:
                self._tags[folder.name] = {"digest": digest, "environment": self.environment}
                return self._ref(folder.name)
        return None

    def _ref(self, version: str) -> ModelRef:
        return ModelRef(name=self.name, version=version, digest=self._tags[version]["digest"])
