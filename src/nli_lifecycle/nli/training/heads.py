"""Whether the classification head that an encoder brings is kept, and in which order of labels."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nli_lifecycle.nli.labels import LABELS, column_order

logger = logging.getLogger(__name__)


def settle_head(
    model: Any, names: Mapping[int, str], fresh: Collection[str], folder: Path | str
) -> None:
    """Bring a head that came with the weights into ``LABELS`` order, or start its last layer anew.

    A head whose labels are not known by name is as likely wrong as right, and training would have
    to unlearn it. Only its last layer depends on the order of labels; those before are kept.

    Args:
        model: a three-label classifier as read from ``folder``; changed in place.
        names: output → label as the folder's own config.json names them.
        fresh: weights that the folder does not hold, so that they are random already.
        folder: named in messages.

    Raises:
        ValueError: when the architecture does not end in a linear layer.
    """
    name, last = _last_layer(model)
    if f"{name}.weight" in fresh:
        return
    try:
        order = column_order(names)
    except ValueError:
        logger.warning(
            "%s names the labels of its head %s, which does not tell %s apart: the head's last "
            "layer starts from random weights. To keep it, set id2label in its config.json.",
            *(folder, [str(label) for label in names.values()], ", ".join(LABELS)),
        )
        nn.init.normal_(last.weight, std=model.config.initializer_range)
        if last.bias is not None:
            nn.init.zeros_(last.bias)
        return
    with torch.no_grad():
        for weight in last.parameters():  # (3, width) and (3,)
            weight.copy_(weight[order])


def _last_layer(model: Any) -> tuple[str, Any]:
    """Find the layer that gives the logits: families call it by different names."""
    inside = f"{model.base_model_prefix}."
    layers = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and module.out_features == len(LABELS)
        and not name.startswith(inside)
    ]
    if not layers:
        raise ValueError(
            f"{type(model).__name__} ends in no linear layer of {len(LABELS)} outputs: its labels "
            "cannot be put in order. Choose an encoder of another family."
        )
    return layers[-1]
