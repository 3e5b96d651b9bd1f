"""Delete versions that nothing needs any more."""

from __future__ import annotations

from nli_lifecycle.lifecycle.audit import kept_digests
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.mirror import PREFIX
from nli_lifecycle.lifecycle.moves import MoveError
from nli_lifecycle.lifecycle.settling import look, settle
from nli_lifecycle.lifecycle.versions import Registry


def prunable(registry: Registry, history: History) -> list[ModelRef]:
    """Versions that no alias names, no rollback may need, and that carry no ledger line."""
    needed = kept_digests(history)
    pointed = set(registry.aliases().values())
    return [
        ref
        for ref, tags in registry.versions().items()
        if ref.digest not in needed
        and ref.version not in pointed
        and not any(tag.startswith(PREFIX) for tag in tags)
    ]


def prune(registry: Registry, version: str | None = None, *, dry_run: bool = False) -> list[str]:
    """Delete versions that nothing needs.

    Args:
        registry: the environment's registry.
        version: only this one; None: all that nothing needs.
        dry_run: only say which.

    Returns:
        The versions, as text.

    Raises:
        MoveError: the named version is needed.
    """
    free = prunable(registry, (look(registry) if dry_run else settle(registry)).history)
    if version is not None:
        free = [ref for ref in free if ref.version == version]
        if not free:
            raise MoveError(
                f"Version {version} of {registry.name} is not deleted: it does not exist, an alias "
                "names it, a rollback may need it, or it carries a line of the ledger's mirror."
            )
    if not dry_run:
        for ref in free:
            registry.delete(ref)
    return [str(ref) for ref in free]
