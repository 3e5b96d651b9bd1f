"""Versions of a registered model: what every registry can do, and the checks all of them share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.protocol import Ledger
from nli_lifecycle.nli.bundle import Bundle, BundleError, open_bundle

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"
#: What every registry takes as a tag; the limits are Unity Catalog's.
TAG_KEY, LONGEST_TAG, MOST_TAGS = re.compile(r"[A-Za-z0-9_]+"), 1_000, 50


class RegistryError(RuntimeError):
    """The registry cannot do what it was asked for; the message says what to do."""


class DamagedVersion(RegistryError):
    """A version's bytes are not what was registered; fetching them again does not help."""


@dataclass(frozen=True)
class Incumbent:
    """Whoever is in use while a candidate is judged: a version and its bytes, or nobody."""

    ref: ModelRef | None = None
    bundle: Bundle | None = None


class Registry(Protocol):
    """One environment's registered model."""

    @property
    def name(self) -> str:
        """Name of the registered model, for example ``dev.nli.classifier``."""

    @property
    def environment(self) -> str:
        """The environment whose model this is."""

    @property
    def upstream(self) -> Registry | None:
        """Registry whose champion comes in here as candidate; None where models are trained."""

    @property
    def ledger(self) -> Ledger:
        """The environment's release ledger: the truth that aliases follow."""

    @property
    def actor(self) -> str:
        """Who acts through this handle, by the platform's word."""

    def register(self, bundle: Bundle, tags: Mapping[str, str]) -> ModelRef:
        """Make the bundle a version and the candidate; the same digest is never a second one."""

    def revive(self, digest: str) -> ModelRef | None:
        """Make a version again of bytes that are still stored; None where they are gone too."""

    def fetch(self, ref: ModelRef) -> Bundle:
        """Bring a version's bytes to this machine, verified against its digest."""

    def versions(self) -> dict[ModelRef, dict[str, str]]:
        """Every usable version with its tags, oldest first."""

    def aliases(self) -> dict[str, str]:
        """Every alias with the number of the version it points at."""

    def alias(self, alias: str) -> ModelRef | None:
        """The version an alias points at, None where there is none."""

    def point(self, alias: str, ref: ModelRef) -> None:
        """Move an alias."""

    def tags(self, ref: ModelRef) -> dict[str, str]:
        """A version's tags."""

    def tag(self, ref: ModelRef, tags: Mapping[str, str]) -> None:
        """Set tags on a version."""

    def describe(self, ref: ModelRef, text: str) -> None:
        """Set a version's description, which people read in the registry's pages."""

    def delete(self, ref: ModelRef) -> None:
        """Delete a version."""

    def filed(self, run_id: str, path: str) -> bytes | None:
        """What a run of this environment filed among its artifacts; None where it is gone."""

    def runs(self, tag: str, value: str) -> tuple[str, ...]:
        """Ids of this environment's runs that carry the tag, the newest first; the last 100."""


def verified(folder: Path, ref: ModelRef) -> Bundle:
    """Open a version's folder and compare its digest with the registered one.

    Raises:
        DamagedVersion: naming the version and what is wrong with its bytes.
    """
    try:
        bundle = open_bundle(folder)
    except BundleError as error:
        raise DamagedVersion(f"{ref} is damaged in the store: {error}") from error
    if bundle.digest != ref.digest:
        raise DamagedVersion(
            f"{ref} holds other bytes than were registered: their digest is {bundle.digest}. "
            "Do not use it; register the model again."
        )
    return bundle


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Refuse tags that some registry would refuse, or cut off silently.

    Raises:
        RegistryError: a key with characters other than letters, digits and underscore, or a
            value longer than ``LONGEST_TAG``.
    """
    for key, value in tags.items():
        if not TAG_KEY.fullmatch(key):
            raise RegistryError(f"Tag {key!r}: use letters, digits and underscores only.")
        if len(str(value)) > LONGEST_TAG:
            raise RegistryError(f"Tag {key} has {len(str(value))} characters, over {LONGEST_TAG}.")
    return {key: str(value) for key, value in tags.items()}
