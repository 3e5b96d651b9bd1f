"""Which version scores: resolved once, by the ledger and never by an alias."""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.projection import check_mirror, located
from nli_lifecycle.lifecycle.registry import Registry, RegistryError
from nli_lifecycle.lifecycle.settling import look
from nli_lifecycle.scoring.parameters import BatchScoringParameters
from nli_lifecycle.serving.head import Release


def choose_release(registry: Registry, parameters: BatchScoringParameters) -> Release:
    """Name the version that scores, with the ledger's epoch as of which it was chosen.

    Nothing is repaired on the way: whoever scores need not be allowed to release.

    Args:
        registry: the environment's registry.
        parameters: a version or digest, or neither: the champion by the ledger's head.

    Raises:
        LedgerError: there is no ledger yet, or it is damaged.
        RegistryError: nothing was released yet, or there is no such version.
    """
    history = look(registry).history
    if parameters.version or parameters.digest:
        ref = _asked(registry, parameters)
    else:
        champion = located(registry, history.champion)
        if champion is None:
            raise RegistryError(
                f"{registry.name} has no champion yet. Release one (`kedro run --env "
                f"{registry.environment}`), or name a version: "
                "`--params batch_scoring.version=<number>`."
            )
        check_mirror(registry, champion, history.head)
        ref = champion
    return Release(ref.name, ref.version, ref.digest, history.epoch)


def reference(release: Release) -> ModelRef:
    """The same as the registry names it."""
    return ModelRef(name=release.model, version=release.version, digest=release.digest)


def _asked(registry: Registry, parameters: BatchScoringParameters) -> ModelRef:
    version, digest = parameters.version, parameters.digest
    found = [
        ref
        for ref in registry.versions()
        if ref.version == version or (digest and ref.digest.startswith(digest))
    ]
    if len(found) == 1:
        return found[0]
    asked = f"version {version}" if version else f"digest {digest}"
    there = ", ".join(f"{ref.version} ({ref.digest[:12]})" for ref in registry.versions())
    raise RegistryError(
        f"batch_scoring: {registry.name} has {len(found) or 'no'} version like {asked}. "
        f"Its versions: {there or 'none'}."
    )
