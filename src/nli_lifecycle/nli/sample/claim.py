"""The unit of the grammar: a claim, its denial, and what speaks for, against and beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """Templates around one statement; placeholders are slots of a scene.

    A premise that supports the claim entails it and contradicts its denial; one that refutes
    it does the reverse; one that leaves it open is neutral to both. So one list of premises
    serves both polarities, and neither side's wording betrays the label.

    Attributes:
        phenomenon: what deciding the pair takes; first half of a pair's genre.
        affirmed: wordings of the statement, all of them equivalent.
        denied: wordings of its denial. Each excludes the statement.
        supports: premises from which the statement follows.
        refutes: premises from which every wording of the denial follows.
        leaves_open: premises after which both are still possible.
        held_out: never used in dev, so that staging and prod hold unseen templates.
    """

    phenomenon: str
    affirmed: tuple[str, ...]
    denied: tuple[str, ...]
    supports: tuple[str, ...]
    refutes: tuple[str, ...]
    leaves_open: tuple[str, ...]
    held_out: bool = False
