"""What is known of a model serving endpoint, and what can be asked of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from nli_lifecycle.serving.head import Release

_NAME = re.compile(r"v(?P<version>[0-9]+)-(?P<digest>[0-9a-f]{12})")


class EndpointError(RuntimeError):
    """The platform refuses, or cannot be reached."""


@dataclass(frozen=True)
class Served:
    """One version on an endpoint.

    Attributes:
        model: registered model.
        version: its number.
        digest: the first 12 digits of its bytes' digest; empty where somebody else put it there.
    """

    model: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.model} version {self.version}" + (f" ({self.digest})" * bool(self.digest))


@dataclass(frozen=True)
class EndpointState:
    """An endpoint as the platform describes it.

    Attributes:
        served: what answers now; several where traffic is divided, empty before the first.
        pending: what an update under way will serve; empty without one.
        updating: an update is under way; the platform refuses another meanwhile.
        failed: the last update failed, and what answered before still does.
        ready: whether requests are answered.
    """

    served: tuple[Served, ...]
    pending: tuple[Served, ...] = ()
    updating: bool = False
    failed: bool = False
    ready: bool = True


class Endpoint(Protocol):
    """One endpoint of a platform that serves version numbers, never aliases."""

    @property
    def name(self) -> str:
        """The endpoint's name."""

    def read(self) -> EndpointState | None:
        """How it is; None where it does not exist.

        Raises:
            EndpointError: the platform cannot be asked.
        """

    def create(self, release: Release) -> None:
        """Make it, serving a release. Returns before it is ready.

        Raises:
            EndpointError: refused.
        """

    def update(self, release: Release) -> None:
        """Begin to serve a release instead. Returns before it is done.

        Raises:
            EndpointError: refused, for example as another update is under way.
        """


def desired(release: Release) -> Served:
    """What the endpoint serves once it is in line with a release."""
    return Served(release.model, release.version, release.digest[:12])


def entity_name(release: Release) -> str:
    """Name under which a release is served. The digest is in it: a number may come back."""
    return f"v{release.version}-{release.digest[:12]}"


def digest_in(name: str | None, version: str) -> str:
    """The digest that a served entity's name tells; empty for a name that is not ours."""
    found = _NAME.fullmatch(name or "")
    return found["digest"] if found and found["version"] == version else ""
