"""Lower layers that are not trained: no gradient has to be computed for them or below them."""

from __future__ import annotations

from typing import Any

from torch import nn


def freeze(model: Any, layers: int | None) -> None:
    """Stop the embeddings and the lowest layers from being trained.

    Args:
        model: a sequence classifier.
        layers: how many layers above the embeddings; None: everything is trained.

    Raises:
        ValueError: when the encoder has not so many layers, or none that can be told apart.
    """
    if layers is None:
        return
    encoder = model.base_model
    count = getattr(model.config, "num_hidden_layers", 0)
    stacks = [m for m in encoder.modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    embeddings = getattr(encoder, "embeddings", None)
    if not stacks or embeddings is None:
        raise ValueError(
            f"training.frozen_layers: the layers of a {model.config.model_type!r} encoder cannot "
            "be told apart. Set it to null."
        )
    if layers > count:
        raise ValueError(
            f"training.frozen_layers is {layers}, but the encoder has {count} layers. Lower it."
        )
    for part in [embeddings, *stacks[0][:layers]]:
        part.requires_grad_(False)
