"""What the service needs to know of a registry: who is champion by the ledger, and its bytes.

The service follows the ledger's head through this protocol and knows no registry itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Release:
    """A version of the registered model, and the ledger's epoch as of which it is meant."""

    model: str
    version: str
    digest: str
    epoch: int


class HeadUnavailable(RuntimeError):
    """The registry cannot be asked at the moment; what was known before still holds."""


class BadRelease(RuntimeError):
    """The bytes of a version are not what was registered, or do not answer as they did."""


class HeadReader(Protocol):
    """One environment's registry, as the service sees it. Blocking: call it off the event loop."""

    @property
    def model(self) -> str:
        """Name of the registered model, for example ``prod.nli.classifier``."""

    @property
    def environment(self) -> str:
        """The environment whose model this is."""

    def champion(self) -> Release | None:
        """The champion by the ledger's head; None before the first release.

        Raises:
            HeadUnavailable: the registry cannot be asked, or its ledger is damaged.
        """

    def candidate(self) -> Release | None:
        """The version under judgement, with the head's epoch; None where there is none.

        Raises:
            HeadUnavailable: the registry cannot be asked.
        """

    def fetch(self, release: Release, folder: Path) -> None:
        """Bring a version's bytes into ``folder``, which does not exist yet, verified.

        The folder appears complete or not at all.

        Raises:
            HeadUnavailable: the store cannot be reached.
            BadRelease: the bytes are not those of the digest.
        """

    def lifecycle(self) -> dict[str, Any]:
        """What the page shows of the environments: champions, epochs, last decisions, as JSON.

        Raises:
            HeadUnavailable: the registry cannot be asked.
        """
