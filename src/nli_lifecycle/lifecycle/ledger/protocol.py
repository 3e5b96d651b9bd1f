"""The release ledger: what every kind of store behind it must do, and the checks they share."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, Kind, LedgerError, shortened
from nli_lifecycle.lifecycle.ledger.history import History, verified
from nli_lifecycle.lifecycle.ledger.votes import Vote, verified_votes

ENTRY, VOTE = "entry", "vote"
CASTING_ATTEMPTS = 50


@dataclass(frozen=True)
class Records:
    """Everything a ledger holds, verified."""

    history: History
    votes: tuple[Vote, ...]


class Ledger(Protocol):
    """One environment's releases of one model: appended, never changed.

    The two write methods are put-if-absent: of several processes that write the same line, exactly
    one wins, and the others can read what it wrote.
    """

    @property
    def name(self) -> str:
        """Name of the registered model."""

    def lines(self) -> dict[str, str] | None:
        """All lines by key, as stored; None where there never was a ledger.

        Raises:
            LedgerGone: there was one, and it was deleted.
        """

    def create(self) -> None:
        """Make the empty ledger; nothing happens where another process just made it."""

    def put(self, key: str, text: str) -> str:
        """Write a line unless it is there; returns the line that is there afterwards."""

    def replace(self, lines: Mapping[str, str]) -> None:
        """Put a restored ledger in the place of one that was deleted or damaged."""


def read(ledger: Ledger) -> Records | None:
    """Read and verify a ledger.

    Returns:
        Its records; None where there never was one, or only the empty place for it.

    Raises:
        LedgerGone: it was deleted, or a line is missing or altered.
    """
    lines = ledger.lines()
    if not lines:
        return None
    return parse(lines, ledger.name)


def parse(lines: Mapping[str, str], name: str) -> Records:
    """Turn stored lines into verified records.

    Raises:
        LedgerGone: a line is missing or altered.
    """
    entries: list[Entry] = [
        Entry.parse(lines[key], f"Entry {int(key[len(ENTRY) + 1:])} of the ledger of {name}")
        for key in sorted(lines)
        if key.startswith(ENTRY)
    ]
    votes: list[Vote] = [
        Vote.parse(lines[key], f"Vote {int(key[len(VOTE) + 1:])} on {name}")
        for key in sorted(lines)
        if key.startswith(VOTE)
    ]
    return Records(verified(entries, name), verified_votes(votes, name))


def line_key(kind: str, number: int) -> str:
    """Key of a line: sorts by number, and is a legal parameter and tag name everywhere."""
    return f"{kind}_{number:06d}"


def append(
    ledger: Ledger,
    after: History,
    kind: Kind,
    *,
    champion: Held | None,
    actor: str,
    reason: str = "",
    decision: str | None = None,
    run: str | None = None,
) -> Entry | None:
    """Commit an entry on top of the history that the caller has seen.

    Args:
        ledger: where to commit.
        after: what the caller has seen; the entry gets the next epoch.
        kind: of the entry.
        champion: who is in use after it.
        actor: who acts, from the platform.
        reason: given by a person, or the rule's; shortened.
        decision: hash of the decision document.
        run: the run that filed it.

    Returns:
        The entry; None where another process committed that epoch first.
    """
    entry = Entry(
        epoch=after.epoch + 1,
        kind=kind,
        promotion=uuid.uuid4().hex,
        before=after.champion,
        after=champion,
        decision=decision,
        run=run,
        previous_hash=after.head.line_hash(),
        actor=actor,
        time=utc_now(),
        reason=shortened(reason),
    )
    text = entry.checked()
    return entry if ledger.put(line_key(ENTRY, entry.epoch), text) == text else None


def bootstrap(ledger: Ledger, actor: str) -> None:
    """Begin a ledger: entry 0, no champion. Of several processes one begins it."""
    ledger.create()
    first = Entry(
        epoch=0, kind="bootstrap", promotion=uuid.uuid4().hex, actor=actor, time=utc_now()
    )
    ledger.put(line_key(ENTRY, 0), first.checked())


def cast(ledger: Ledger, **said: Any) -> Vote:
    """Add a vote after all others.

    Args:
        ledger: where to keep it.
        said: the fields of ``Vote`` but number, previous hash and time.

    Returns:
        The vote as it is kept.

    Raises:
        LedgerError: there is no ledger, or others keep on being faster.
    """
    said["reason"] = shortened(said.get("reason", ""))
    for _ in range(CASTING_ATTEMPTS):
        records = read(ledger)
        if records is None:
            raise LedgerError(f"{ledger.name} has no ledger yet: nothing was released or judged.")
        last = records.votes[-1] if records.votes else None
        vote = Vote(
            number=len(records.votes),
            previous_hash=last.line_hash() if last else "",
            time=utc_now(),
            **said,
        )
        text = vote.checked()
        if ledger.put(line_key(VOTE, vote.number), text) == text:
            return vote
    raise LedgerError(f"Others vote on {ledger.name} all the time. Try again.")


def utc_now() -> str:
    """The time, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
