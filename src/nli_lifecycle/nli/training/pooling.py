"""From the logits of windows to those of pairs: what ``inference.pool`` does, with gradients."""

from __future__ import annotations

import torch
from torch.nn.utils.rnn import pad_sequence

from nli_lifecycle.nli.labels import LABELS


def pool(logits: torch.Tensor, counts: list[int]) -> torch.Tensor:
    """Join the logits of each pair's windows: the strongest evidence over neutral, per label.

    Args:
        logits: (windows, 3), columns in the order of ``LABELS``.
        counts: windows per pair.

    Returns:
        (pairs, 3); those of a pair with one window are left as they are.
    """
    if len(counts) == len(logits):
        return logits
    logits = logits.float()
    evidence = logits - logits[:, [LABELS.index("neutral")]]
    padded = pad_sequence(list(evidence.split(counts)), True, -torch.inf)  # (pairs, most, 3)
    several = torch.tensor(counts, device=logits.device)[:, None] > 1
    firsts = torch.tensor([0, *counts[:-1]], device=logits.device).cumsum(0)
    return torch.where(several, padded.amax(dim=1), logits[firsts])
