"""What the entries of a ledger mean together: who is champion, what was good, what was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, LedgerGone

#: Entries that choose a champion; the others leave it as it was.
CHOOSING = ("promote", "rollback", "adopt")


@dataclass(frozen=True)
class History:
    """A verified chain of entries, oldest first; at least the bootstrap entry."""

    entries: tuple[Entry, ...]

    @property
    def head(self) -> Entry:
        """The last entry: the truth about this environment."""
        return self.entries[-1]

    @property
    def epoch(self) -> int:
        """Number of the last entry."""
        return self.head.epoch

    @property
    def champion(self) -> Held | None:
        """Who is in use."""
        return self.head.after

    @property
    def chosen(self) -> Entry | None:
        """The entry that brought the champion in; None before the first release."""
        return next((entry for entry in reversed(self.entries) if entry.moved), None)

    @property
    def previous(self) -> Held | None:
        """Who was in use before the champion came in."""
        return self.chosen.before if self.chosen else None

    @property
    def freeze(self) -> Entry | None:
        """The freeze that is in force."""
        for entry in reversed(self.entries):
            if entry.kind in ("freeze", "unfreeze"):
                return entry if entry.kind == "freeze" else None
        return None

    @property
    def good(self) -> tuple[Held, ...]:
        """The champions that a rollback would walk back through, the present one first.

        A rollback takes everything above its target off, so that rolling back twice goes two
        versions back and not to and fro.
        """
        stack: list[Held] = []
        for entry in self.entries:
            if entry.kind not in CHOOSING or entry.after is None:
                continue
            digests = [held.digest for held in stack]
            if entry.after.digest in digests:
                del stack[digests.index(entry.after.digest) :]
            stack.append(entry.after)
        return tuple(reversed(stack))

    def withdrawn(self, digest: str) -> Entry | None:
        """The rollback that took these bytes out of use, unless they came back since."""
        for entry in reversed(self.entries):
            if entry.after and entry.after.digest == digest:
                return None
            if entry.kind == "rollback" and entry.before and entry.before.digest == digest:
                return entry
        return None


def verified(entries: Sequence[Entry], name: str) -> History:
    """Check a chain from its first entry to its last.

    Args:
        entries: as stored, sorted by epoch.
        name: the registered model, for messages.

    Returns:
        The history.

    Raises:
        LedgerGone: naming the first entry that is missing, out of order or not what the next one
            says it was.
    """
    if not entries:
        raise LedgerGone(f"The ledger of {name} is empty. {REBUILD}")
    hashed, champion = "", None
    for epoch, entry in enumerate(entries):
        where = f"Entry {entry.epoch} of the ledger of {name}"
        if entry.epoch != epoch:
            raise LedgerGone(f"The ledger of {name} lacks entry {epoch}. {REBUILD}")
        if (entry.kind == "bootstrap") != (epoch == 0):
            raise LedgerGone(f"{where} is of kind {entry.kind}, out of place. {REBUILD}")
        if entry.previous_hash != hashed:
            raise LedgerGone(
                f"{where} does not follow on the entry before it: one was altered. {REBUILD}"
            )
        if entry.before != champion:
            raise LedgerGone(f"{where} names another champion than the one before it. {REBUILD}")
        if entry.kind not in CHOOSING and entry.after != entry.before:
            raise LedgerGone(f"{where} is of kind {entry.kind}, and yet moves. {REBUILD}")
        hashed, champion = entry.line_hash(), entry.after
    return History(tuple(entries))


REBUILD = "Restore it from the versions' tags: `kedro lifecycle reconcile --rebuild`."
