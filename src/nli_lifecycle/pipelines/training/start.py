"""Node that chooses the weights training starts from: an encoder's, or the champion's.

What needs transformers is imported where it is called: every command reads this module, and few
train.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.projection import located
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.parameters import TrainingParameters

#: Only this becomes part of a path: a tag is text that others may write.
TRAINING_KEY = re.compile("[0-9a-f]{16}")
INSTEAD = "Or start from an encoder: training.start_from: encoder."


@dataclass(frozen=True)
class Start:
    """What training starts from."""

    weights: Path  # folder of the encoder, or the champion's checkpoint
    champion: Bundle | None = None  # whose training rows these weights have seen; None: an encoder


def choose_start(
    registry: Registry, models: KeyedStore, training: TrainingParameters, policy: Policy
) -> Start:
    """Find the weights that training starts from.

    Args:
        registry: the environment's registry; asked only where training continues a champion.
        models: the checkpoints that were trained here.
        training: ``start_from``, and the encoder.
        policy: says what becomes of an alias that a person moved by hand.

    Returns:
        The encoder's folder, or the checkpoint that became the champion.

    Raises:
        EncoderError: there is no such encoder, no champion yet, or not its checkpoint.
    """
    from nli_lifecycle.nli.training.encoders import locate_encoder
    from nli_lifecycle.nli.training.soundness import EncoderError, check_folder

    if training.start_from == "encoder":
        return Start(locate_encoder(training))
    champion = located(registry, settle(registry, policy.manual_moves).history.champion)
    if champion is None:
        raise EncoderError(
            f"training.start_from is 'champion', but {registry.name} has no champion yet. Train "
            "from an encoder first (training.start_from: encoder); once a model of it is released, "
            "training can continue from that."
        )
    checkpoint = _checkpoint(champion, registry.tags(champion), models)
    check_folder(checkpoint)
    return Start(checkpoint, registry.fetch(champion))


def _checkpoint(champion: ModelRef, tags: dict[str, str], models: KeyedStore) -> Path:
    """The checkpoint that was exported to the champion's bundle."""
    from nli_lifecycle.nli.training.soundness import EncoderError

    key = tags.get("training_key", "")
    known = TRAINING_KEY.fullmatch(key) is not None
    if known and (found := models.find(key, "checkpoint")):
        return found
    told = f"training.start_from is 'champion', but {champion}"
    if "upstream_model" in tags:
        raise EncoderError(
            f"{told} was not trained here: it was taken in from {tags['upstream_model']}, as a "
            f"bundle without weights to train. Continue where it was trained. {INSTEAD}"
        )
    if not known:
        raise EncoderError(
            f"{told} does not say which training made it (tag training_key: {key!r}). {INSTEAD}"
        )
    raise EncoderError(
        f"{told} was trained to {models.folder / key / 'checkpoint'}, which is gone. Restore that "
        f"folder. {INSTEAD}"
    )
