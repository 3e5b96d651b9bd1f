"""Node of intake: copy the upstream champion's bytes, never its approvals."""

from __future__ import annotations

from nli_lifecycle.lifecycle.approval import supersede_others
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.registry import Registry, RegistryError
from nli_lifecycle.lifecycle.standing import AUTHOR
from nli_lifecycle.lifecycle.upstream import released_champion
from nli_lifecycle.lifecycle.versions import LONGEST_TAG
from nli_lifecycle.tracking import run_tags

#: What stays true of the bytes wherever they are; everything else is this environment's to say.
LINEAGE = (
    "training_key",
    "data_version",
    "code_version",
    "tuning_trials",
    "tuning_study",
    AUTHOR,
)


def take_in(registry: Registry) -> ModelRef:
    """Register the upstream champion's bytes here, as candidate.

    The upstream is read through its registry only, and its bytes are verified by digest before
    and after the copy. Doing it again finds the version already made. A held candidate that this
    one replaces is superseded, and its approvals are void.

    Args:
        registry: this environment's registry; knows its upstream.

    Returns:
        The candidate: a version of this environment's own model.

    Raises:
        RegistryError: there is no upstream, it has no released champion, or its bytes are damaged.
    """
    upstream = registry.upstream
    if upstream is None:
        raise RegistryError(
            f"Environment {registry.environment} has no upstream to take a model in from. "
            f"Name one under `upstream:` in conf/{registry.environment}/globals.yml, or train "
            "here: `kedro run --pipelines train_and_release`."
        )
    champion = released_champion(upstream)
    theirs = upstream.tags(champion)
    tags = {
        "upstream_model": champion.name,
        "upstream_version": champion.version,
        "upstream_digest": champion.digest,
        "lineage": _lineage(champion, theirs),
        **{name: theirs[name] for name in LINEAGE if name in theirs},
        **run_tags("config_hash", "git_sha", "git_dirty"),
    }
    for theirs_name, ours in (
        ("run_id", "upstream_run_id"),
        ("promotion_id", "upstream_promotion"),
    ):
        if theirs_name in theirs:
            tags[ours] = theirs[theirs_name]
    candidate = registry.register(upstream.fetch(champion), tags)
    supersede_others(registry, candidate)
    return candidate


def _lineage(champion: ModelRef, theirs: dict[str, str]) -> str:
    """The way of the bytes so far, oldest first."""
    grounds = [
        f"{name} {theirs[key][:8]}"
        for name, key in (("run", "run_id"), ("promotion", "promotion_id"))
        if key in theirs
    ]
    here = f"{champion.name} version {champion.version}"
    here += f" ({', '.join(grounds)})" if grounds else ""
    before = theirs.get("lineage")
    return (f"{before} → {here}" if before else here)[-LONGEST_TAG:]
