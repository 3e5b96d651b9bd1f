"""Two versions side by side: where they differ in figures, judgement and lineage."""

from __future__ import annotations

from nli_lifecycle.lifecycle.mirror import PREFIX
from nli_lifecycle.lifecycle.moves import MoveError
from nli_lifecycle.lifecycle.versions import Registry

FIRST = ("digest", "accuracy", "macro_f1", "judged_pairs", "decision")
SILENT = ("environment", "projection", "decision_reasons")


def difference(
    registry: Registry, one: str, other: str
) -> dict[str, tuple[str | None, str | None]]:
    """Compare two versions' tags.

    Args:
        registry: the environment's registry.
        one: version number.
        other: version number.

    Returns:
        Tag → both values, of the tags that differ; figures and judgement first.

    Raises:
        MoveError: there is no such version.
    """
    tags = {ref.version: found for ref, found in registry.versions().items()}
    for version in (one, other):
        if version not in tags:
            raise MoveError(
                f"{registry.name} has no version {version}. There are: {', '.join(tags) or 'none'}."
            )
    ours, theirs = tags[one], tags[other]
    names = [*FIRST, *sorted((ours.keys() | theirs.keys()) - set(FIRST))]
    return {
        name: (ours.get(name), theirs.get(name))
        for name in names
        if ours.get(name) != theirs.get(name) and name not in SILENT and not name.startswith(PREFIX)
    }
