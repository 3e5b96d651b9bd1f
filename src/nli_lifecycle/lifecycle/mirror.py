"""The ledger's mirror: every line as a tag on the versions it is about, to be restored from.

An entry lies on the version it moved in and on the one it moved out, a vote on its version; what
concerns no version lies on the next one that is released. A version that carries as many tags as
registries allow passes the line on to another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.ledger.entry import Entry, LedgerGone
from nli_lifecycle.lifecycle.ledger.protocol import ENTRY, VOTE, Records, line_key, parse
from nli_lifecycle.lifecycle.ledger.votes import Vote
from nli_lifecycle.lifecycle.versions import MOST_TAGS, Registry

PREFIX = "ledger_"
ROOM_FOR_OTHERS = 10  # tags that are kept free


def mirrored(registry: Registry) -> dict[str, str]:
    """Every ledger line found on the versions, by its key.

    Raises:
        LedgerGone: two versions carry different texts for one line.
    """
    found: dict[str, str] = {}
    for ref, tags in registry.versions().items():
        for tag, text in tags.items():
            if not tag.startswith(PREFIX):
                continue
            key = tag.removeprefix(PREFIX)
            if found.setdefault(key, text) != text:
                raise LedgerGone(
                    f"The tag {tag} of {ref} differs from that of another version: one of them was "
                    "altered by hand. Correct or delete the wrong one, then run again."
                )
    return found


def mirror(registry: Registry, records: Records) -> None:
    """Write every line that is not on the versions yet."""
    versions = registry.versions()
    by_digest = {ref.digest: ref for ref in reversed(versions)}
    there = {tag for tags in versions.values() for tag in tags if tag.startswith(PREFIX)}
    for kind, line, digests in _lines(records):
        number = line.epoch if isinstance(line, Entry) else line.number
        tag = PREFIX + line_key(kind, number)
        places = [by_digest[digest] for digest in digests if digest in by_digest]
        for ref in places or ([] if tag in there else _anywhere(versions)):
            if tag in versions[ref]:
                continue
            if len(versions[ref]) > MOST_TAGS - ROOM_FOR_OTHERS:
                if tag in there:
                    continue
                ref = next(iter(_anywhere(versions)), ref)
            registry.tag(ref, {tag: line.text()})
            versions[ref][tag] = line.text()
            there.add(tag)


def restored(registry: Registry) -> Records:
    """Put the ledger together again from the versions' tags.

    Raises:
        LedgerGone: a line is nowhere to be found, or was altered.
    """
    found = mirrored(registry)
    if not found:
        raise LedgerGone(
            f"No version of {registry.name} carries a ledger line, so there is nothing to restore "
            "from. Take the present champion over into a new ledger: "
            "`kedro lifecycle reconcile --adopt`."
        )
    return parse(found, registry.name)


def lines_of(records: Records) -> Mapping[str, str]:
    """The lines of a ledger by key, as they are stored."""
    return {
        line_key(kind, line.epoch if isinstance(line, Entry) else line.number): line.text()
        for kind, line, _ in _lines(records)
    }


def _lines(records: Records) -> Iterator[tuple[str, Entry | Vote, list[str]]]:
    """Kind, line and the digests it is about, of every line."""
    champion = next((entry.after for entry in records.history.entries if entry.after), None)
    for entry in records.history.entries:
        about = [held.digest for held in (entry.after, entry.before) if held]
        yield ENTRY, entry, about or ([champion.digest] if champion else [])
    for vote in records.votes:
        yield VOTE, vote, [vote.digest]


def _anywhere(versions: Mapping[ModelRef, Mapping[str, str]]) -> list[ModelRef]:
    """The newest version that has room."""
    roomy = [ref for ref, tags in versions.items() if len(tags) <= MOST_TAGS - ROOM_FOR_OTHERS]
    return roomy[-1:]
