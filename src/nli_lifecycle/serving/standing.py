"""How the service stands, in the words that /ready, /status and /metrics share."""

from __future__ import annotations

from typing import Any

from nli_lifecycle.serving.exchange import DIGEST_SHOWN
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.model import Source


def describe(release: Release) -> dict[str, Any]:
    """A release as every answer names it."""
    return {
        "name": release.model,
        "version": release.version,
        "digest": release.digest[:DIGEST_SHOWN],
        "epoch": release.epoch,
    }


def lag_epochs(source: Source) -> int | None:
    """Epochs that the ledger's head is ahead of what is served; None where either is unknown."""
    head, served = source.standing().head, source.served
    if head is None or served is None:
        return None
    return max(0, head.epoch - served.release.epoch)


def describe_registry(source: Source) -> dict[str, Any]:
    """The registry, as the last look found it."""
    standing = source.standing()
    return {
        "reachable": standing.reachable,
        "looked": standing.looked,
        "lag_epochs": lag_epochs(source),
        "alert": standing.alert,
    }
