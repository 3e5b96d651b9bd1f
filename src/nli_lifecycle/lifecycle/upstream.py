"""The upstream environment's champion, found through its registry alone.

Runs and experiments, and so the upstream's ledger, may live in another workspace. Its registry
carries the ledger's mirror, which tells a release from an alias that somebody moved by hand.
"""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Entry
from nli_lifecycle.lifecycle.ledger.protocol import ENTRY
from nli_lifecycle.lifecycle.mirror import PREFIX, mirrored
from nli_lifecycle.lifecycle.versions import CHAMPION, Registry, RegistryError


def released_champion(upstream: Registry) -> ModelRef:
    """Find the upstream's champion, and check that a release made it champion.

    Args:
        upstream: the registry upstream.

    Returns:
        The champion.

    Raises:
        RegistryError: there is none, or its last ledger entry names other bytes.
        LedgerGone: the mirror contradicts itself.
    """
    champion = upstream.alias(CHAMPION)
    if champion is None:
        raise RegistryError(
            f"{upstream.name} has no champion to take in. Release one there first: "
            f"`kedro run --env {upstream.environment}`, whose decision must be promote."
        )
    entries = {key: text for key, text in mirrored(upstream).items() if key.startswith(ENTRY)}
    repair = f"Put it in order first: `kedro lifecycle reconcile --env {upstream.environment}`."
    if not entries:
        raise RegistryError(
            f"No release made {champion} the champion of {upstream.environment}: no version there "
            f"carries a ledger line ({PREFIX}{ENTRY}_…). {repair}"
        )
    last = Entry.parse(entries[max(entries)], f"The last ledger line of {upstream.name}")
    if last.after is None or last.after.digest != champion.digest:
        raise RegistryError(
            f"The alias champion of {upstream.name} points at version {champion.version}, but the "
            f"last release there is of {last.after or 'nobody'}: it was moved by hand, or a "
            f"release is under way. {repair}"
        )
    return champion
