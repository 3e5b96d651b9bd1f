"""What an environment looks like now, and how it came there: for people and for machines.

Reading only: nothing here repairs anything.
"""

from __future__ import annotations

from typing import Any

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Held, LedgerError
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import Records, read
from nli_lifecycle.lifecycle.ledger.votes import approvals, rejection
from nli_lifecycle.lifecycle.versions import CANDIDATE, CHAMPION, PREVIOUS, Registry

Versions = dict[ModelRef, dict[str, str]]


def status(registry: Registry) -> dict[str, Any]:
    """Describe an environment.

    Args:
        registry: the environment's registry.

    Returns:
        Plain values: ``environment``, ``model``, ``epoch``, ``champion`` (version, digest, epoch,
        since, by, accuracy, macro_f1), ``previous``, ``candidate`` (with why it was ``withdrawn``
        by a rollback), ``held`` (version, digest,
        reasons, approvals), ``aliases_match``, ``frozen`` and ``fault``, a sentence where the
        ledger cannot be read.
    """
    versions, aliases = registry.versions(), registry.aliases()
    found: dict[str, Any] = {
        "environment": registry.environment,
        "model": registry.name,
        "epoch": None,
        "champion": None,
        "previous": None,
        "candidate": _candidate(versions, aliases),
        "held": None,
        "aliases_match": not {CHAMPION, PREVIOUS} & aliases.keys(),
        "frozen": None,
        "fault": None,
    }
    try:
        records = read(registry.ledger)
    except LedgerError as error:
        return found | {"aliases_match": False, "fault": str(error)}
    if records is None:
        if CHAMPION in aliases:
            found["fault"] = (
                f"{registry.name} has a champion and no ledger: `kedro lifecycle doctor "
                f"--env {registry.environment}` says what to do."
            )
        return found
    history, freeze = records.history, records.history.freeze
    fault = _gone(registry, history, versions)
    if found["candidate"]:
        withdrawn = history.withdrawn(found["candidate"]["digest"])
        found["candidate"]["withdrawn"] = withdrawn and withdrawn.reason
    return found | {
        "epoch": history.epoch,
        "champion": _champion(history, versions),
        "previous": _short(history.previous, versions),
        "held": _held(records, versions, aliases),
        "aliases_match": fault is None and _match(history, versions, aliases),
        "frozen": freeze and {"since": freeze.time, "by": freeze.actor, "reason": freeze.reason},
        "fault": fault,
    }


def history(registry: Registry) -> list[dict[str, Any]]:
    """List the ledger's entries, oldest first, as plain values.

    Raises:
        LedgerGone: the ledger cannot be read.
    """
    records = read(registry.ledger)
    return [
        {
            "epoch": entry.epoch,
            "kind": entry.kind,
            "from": _plain(entry.before),
            "to": _plain(entry.after),
            "at": entry.time,
            "by": entry.actor,
            "reason": entry.reason,
            "decision": entry.decision,
            "run": entry.run,
            "promotion": entry.promotion,
        }
        for entry in (records.history.entries if records else ())
    ]


def _plain(held: Held | None) -> dict[str, str] | None:
    return {"version": held.version, "digest": held.digest} if held else None


def _locate(held: Held, versions: Versions) -> ModelRef | None:
    same = [ref for ref in versions if ref.digest == held.digest]
    return next((ref for ref in same if ref.version == held.version), same[0] if same else None)


def _short(held: Held | None, versions: Versions) -> dict[str, str] | None:
    if held is None:
        return None
    ref = _locate(held, versions)
    return {"version": ref.version if ref else held.version, "digest": held.digest}


def _champion(history: History, versions: Versions) -> dict[str, Any] | None:
    chosen, held = history.chosen, history.champion
    if held is None or chosen is None:
        return None
    ref = _locate(held, versions)
    return {
        **(_short(held, versions) or {}),
        "epoch": chosen.epoch,
        "since": chosen.time,
        "by": chosen.actor,
        **_figures(versions[ref] if ref else {}),
    }


def _candidate(versions: Versions, aliases: dict[str, str]) -> dict[str, Any] | None:
    ref = next((ref for ref in versions if ref.version == aliases.get(CANDIDATE)), None)
    if ref is None:
        return None
    tags = versions[ref]
    return {
        "version": ref.version,
        "digest": ref.digest,
        "decision": tags.get("decision"),
        "withdrawn": None,
        **_figures(tags),
    }


def _held(records: Records, versions: Versions, aliases: dict[str, str]) -> dict[str, Any] | None:
    ref = next((ref for ref in versions if ref.version == aliases.get(CANDIDATE)), None)
    if ref is None or versions[ref].get("decision") != "hold":
        return None
    tags = versions[ref]
    given = approvals(
        records.votes, ref.digest, tags.get("policy_hash", ""), tags.get("evidence_hash", "")
    )
    rejected = rejection(records.votes, ref.digest)
    return {
        "version": ref.version,
        "digest": ref.digest,
        "reasons": tags.get("decision_reasons", ""),
        "approvals": [{"by": vote.actor, "at": vote.time, "reason": vote.reason} for vote in given],
        "rejected": str(rejected) if rejected else None,
    }


def _figures(tags: dict[str, str]) -> dict[str, float | None]:
    return {name: float(tags[name]) if name in tags else None for name in ("accuracy", "macro_f1")}


def _match(history: History, versions: Versions, aliases: dict[str, str]) -> bool:
    for alias, held in ((CHAMPION, history.champion), (PREVIOUS, history.previous)):
        ref = _locate(held, versions) if held else None
        if alias == PREVIOUS and ref is None:
            continue  # an old version may have been pruned
        if aliases.get(alias) != (ref.version if ref else None):
            return False
    return True


def _gone(registry: Registry, history: History, versions: Versions) -> str | None:
    if history.champion is None or _locate(history.champion, versions):
        return None
    return (
        f"The champion, {history.champion}, was deleted: "
        f"`kedro lifecycle reconcile --env {registry.environment}` brings it back while its bytes "
        "are there."
    )
