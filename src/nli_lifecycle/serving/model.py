"""A loaded, verified and warm version: what answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nli_lifecycle.nli.bundle import PAYLOAD
from nli_lifecycle.nli.inference import Classifier, PayloadError
from nli_lifecycle.serving.head import BadRelease, Release


@dataclass(frozen=True, eq=False)
class Served:
    """A classifier, and which release it is. Safe to use from several threads."""

    release: Release
    classifier: Classifier
    folder: Path

    @classmethod
    def load(cls, release: Release, folder: Path) -> Served:
        """Load a fetched bundle and check its golden probes, which also warms it.

        Args:
            release: which version it is.
            folder: the bundle's folder, whose bytes were verified when it was fetched.

        Raises:
            BadRelease: the payload cannot be loaded or answers otherwise than it did when made.
        """
        try:
            # One thread a batch: the cores are kept busy by batches side by side.
            classifier = Classifier.load(folder / PAYLOAD, threads=1)
        except PayloadError as error:
            raise BadRelease(f"Version {release.version} of {release.model}: {error}") from error
        return cls(release, classifier, folder)


@dataclass(frozen=True)
class Standing:
    """How what is served stands towards the registry; shown by /ready, /status and /metrics."""

    reachable: bool  # whether the last look at the registry succeeded
    looked: float | None  # unix time of the last look that succeeded; None: none has
    head: Release | None  # champion by that look
    alert: str | None  # what keeps the head from being known or served, for people


class Source(Protocol):
    """Where the service finds what answers now. Both may change between any two requests."""

    @property
    def served(self) -> Served | None:
        """The champion that answers; None before there is one."""

    @property
    def candidate(self) -> Served | None:
        """The version that answers for the log only; None where no shadow is asked for."""

    def standing(self) -> Standing:
        """How what is served stands towards the registry."""

    async def refresh(self) -> None:
        """Look at the ledger's head now, and take in what is new."""
