"""Node of intake: copy the upstream champion's bytes, never its approvals."""

from __future__ import annotations

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.registry import Registry, RegistryError
from nli_lifecycle.lifecycle.versions import CHAMPION
from nli_lifecycle.tracking import run_tags

#: What stays true of the bytes wherever they are; everything else is this environment's to say.
LINEAGE = ("training_key", "data_version", "code_version")


def take_in(registry: Registry) -> ModelRef:
    """Register the upstream champion's bytes here, as candidate.

    The upstream is read through its registry only, and its bytes are verified by digest before
    and after the copy. Doing it again finds the version already made.

    Args:
        registry: this environment's registry; knows its upstream.

    Returns:
        The candidate: a version of this environment's own model.

    Raises:
        RegistryError: there is no upstream, it has no champion, or its bytes are damaged.
    """
    upstream = registry.upstream
    if upstream is None:
        raise RegistryError(
            f"Environment {registry.environment} has no upstream to take a model in from. "
            f"Name one under `upstream:` in conf/{registry.environment}/globals.yml, or train "
            "here: `kedro run --pipelines train_and_release`."
        )
    champion = upstream.alias(CHAMPION)
    if champion is None:
        raise RegistryError(
            f"{upstream.name} has no champion to take in. Release one there first: "
            f"`kedro run --env {upstream.environment}`, whose decision must be promote."
        )
    theirs = upstream.tags(champion)
    tags = {
        "upstream_model": champion.name,
        "upstream_version": champion.version,
        "upstream_digest": champion.digest,
        **{name: theirs[name] for name in LINEAGE if name in theirs},
        **run_tags("config_hash", "git_sha", "git_dirty"),
    }
    if "run_id" in theirs:
        tags["upstream_run_id"] = theirs["run_id"]
    return registry.register(upstream.fetch(champion), tags)
