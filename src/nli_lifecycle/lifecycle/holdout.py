"""How often an evaluation set has judged different candidates: with each, luck has a new chance.

The count lives where the judged versions live: the first time a digest is judged on a set, its
version is tagged with its place in line. Judging the same digest again finds that place, so that
repeating a judgement costs nothing and changes nothing. (Two candidates that are judged on the same
set at the same moment may share a place: the count is then short by one.)

Source: Dwork et al. 2015, "The reusable holdout", Science 349: 636-638.
"""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.versions import Registry


def count_judgement(registry: Registry, candidate: ModelRef, fingerprint: str) -> int:
    """Take the candidate's place in the line of digests that a set has judged.

    Args:
        registry: the environment's registry; the candidate's version is tagged.
        candidate: the version under judgement.
        fingerprint: identity of the evaluation set.

    Returns:
        1 for the first digest this set judges, 2 for the second, and so on.
    """
    key = f"judged_on_{fingerprint[:16]}"
    versions = registry.versions().items()
    places = {ref.digest: int(tags[key]) for ref, tags in versions if key in tags}
    if candidate.digest in places:
        return places[candidate.digest]
    place = 1 + max(places.values(), default=0)
    registry.tag(candidate, {key: str(place)})
    return place
