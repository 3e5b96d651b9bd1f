"""An environment in brief, as plain values: what the service's page shows of it.

Reading only: nothing here repairs anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nli_lifecycle.lifecycle import overview
from nli_lifecycle.lifecycle.ledger.entry import LedgerError
from nli_lifecycle.lifecycle.versions import Registry

MOST_DECISIONS = 10
CHAMPION = ("version", "digest", "epoch", "since")
PREVIOUS = ("version", "digest")
CANDIDATE = ("version", "digest", "decision", "withdrawn")


def brief(registry: Registry, report: Callable[[str], str | None]) -> dict[str, Any]:
    """Say who is in use in an environment, and what was done there last.

    Args:
        registry: the environment's registry.
        report: address of the report that a run filed, by the run's id; None: it has none.

    Returns:
        ``environment``, ``model``, ``champion`` (version, digest, epoch, since), ``previous``
        (version, digest), ``candidate`` (version, digest, decision, withdrawn), ``frozen``, a
        sentence, and ``decisions``, the last ledger entries, newest first; None for what is not
        there.

    Raises:
        RegistryError: the registry cannot be asked.
        LedgerError: the ledger cannot be read.
    """
    found = overview.status(registry)
    if found["epoch"] is None and found["fault"]:
        raise LedgerError(found["fault"])
    frozen = found["frozen"]
    entries = overview.history(registry)[: -MOST_DECISIONS - 1 : -1]
    return {
        "environment": registry.environment,
        "model": registry.name,
        "champion": _some(found["champion"], CHAMPION),
        "previous": _some(found["previous"], PREVIOUS),
        "candidate": _some(found["candidate"], CANDIDATE),
        "frozen": frozen and f"{frozen['by']} on {frozen['since'][:10]}: {frozen['reason']}",
        "decisions": [_decision(entry, report) for entry in entries if entry["epoch"]],
    }


def _decision(entry: dict[str, Any], report: Callable[[str], str | None]) -> dict[str, Any]:
    held = entry["to"] or {"version": None, "digest": None}
    return {
        "time": entry["at"],
        "kind": entry["kind"],
        "version": held["version"],
        "digest": held["digest"],
        "actor": entry["by"],
        "reason": entry["reason"],
        "report": report(entry["run"]) if entry["run"] and entry["decision"] else None,
    }


def _some(values: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    return values and {name: values[name] for name in names}
