"""What actions do to the ledger and to the jobs."""

from __future__ import annotations

from typing import Any

from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.monitoring.alerting.actions import PlannedAction


class LedgerEffects:
    """Carries actions out."""

    def __init__(self, registry: Registry, retrain: Any = None) -> None:
        """Take the registry; nothing is contacted yet."""

    def freeze(self, reason: str, action: PlannedAction) -> None:
        """Hold promotions."""
        raise NotImplementedError

    def rollback(self, reason: str, action: PlannedAction) -> None:
        """Return to the last good version."""
        raise NotImplementedError

    def retrain(self, reason: str, action: PlannedAction) -> None:
        """Start a training run."""
        raise NotImplementedError

    def happened(self, action_id: str) -> bool:
        """Whether the action took effect."""
        raise NotImplementedError
