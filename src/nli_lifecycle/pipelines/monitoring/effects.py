"""What alerts' actions do: moves on the release ledger, and training runs."""

from __future__ import annotations

import logging
from collections.abc import Callable

from nli_lifecycle.lifecycle import moves
from nli_lifecycle.lifecycle.ledger.entry import LONGEST_REASON, LedgerError, shortened
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.versions import Registry, RegistryError
from nli_lifecycle.monitoring.alerting.actions import PlannedAction
from nli_lifecycle.pipelines.monitoring.retraining import RetrainError, Retraining

logger = logging.getLogger(__name__)

ATTEMPTS = 10  # of a move that others overtake


class LedgerEffects:
    """See ``monitoring.alerting.acting.Effects``.

    An entry's reason ends with ``[action <id>]``: the ledger says whether an action took effect,
    as the entry is the effect. The actor is the platform's identity, as everywhere.
    """

    def __init__(self, registry: Registry, retraining: Retraining | None = None) -> None:
        """Prepare; nothing is contacted yet.

        Args:
            registry: of the environment that is monitored.
            retraining: what starts training runs; None: nothing does.
        """
        self._registry = registry
        self._retraining = retraining

    def freeze(self, reason: str, action: PlannedAction) -> None:
        """Hold releases.

        Where a person froze them, another entry says that monitoring asks for it too: whoever lifts
        the freeze then sees that there was a second reason.

        Raises:
            LedgerError, RegistryError: the ledger cannot be written.
        """
        said = ledger_reason(reason, action.id)
        _until_first(lambda: moves.freeze(self._registry, said, again=True))

    def rollback(self, reason: str, action: PlannedAction) -> None:
        """Return to the last good version, if ``action.digest`` is still champion.

        Raises:
            MoveError: it is champion no longer, or there is no earlier good champion.
            LedgerError, RegistryError, BundleError: as ``moves.rollback``.
        """
        said = ledger_reason(reason, action.id)
        _until_first(lambda: moves.rollback(self._registry, said, of=action.digest))

    def retrain(self, reason: str, action: PlannedAction) -> None:
        """Start a training run.

        Raises:
            RetrainError, JobError, DatabricksError: it cannot be started.
        """
        if self._retraining is None:
            raise RetrainError("Nothing says what to retrain with: set `retrain` for monitoring.")
        self._retraining.start(action.id)

    def happened(self, action_id: str) -> bool:
        """Whether the action took effect, or is under way.

        Aliases that a process left behind, as it died after the entry, are made to follow.

        Raises:
            LedgerError, RegistryError: the ledger cannot be read.
            JobError, DatabricksError: the workspace does not say.
        """
        if action_id.startswith("retrain-"):
            return self._retraining is not None and self._retraining.happened(action_id)
        records = read(self._registry.ledger)
        entries = records.history.entries if records else ()
        if not any(entry.reason.endswith(_mark(action_id)) for entry in entries):
            return False
        try:
            settle(self._registry)
        except (LedgerError, RegistryError) as error:
            logger.warning("%s took effect; aliases may lag behind: %s", action_id, error)
        return True


def ledger_reason(reason: str, action_id: str) -> str:
    """The reason as an entry holds it: cut if need be, but never the action's id."""
    mark = _mark(action_id)
    said = f"Monitoring: {reason.removesuffix(mark)}"
    return f"{shortened(said, LONGEST_REASON - len(mark) - 1)} {mark}"


def _mark(action_id: str) -> str:
    return f"[action {action_id}]"


def _until_first(move: Callable[[], object]) -> None:
    """Make a move on whatever the ledger has become, until nobody else is faster."""
    for _ in range(ATTEMPTS - 1):
        try:
            move()
        except moves.Overtaken as error:
            logger.info("%s", error)
        else:
            return
    move()
