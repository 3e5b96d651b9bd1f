"""Only the token embeddings that occur are trained: the others have no gradient to speak of.

A third to a half of a small encoder's weights are token embeddings, and many data sets use a few
thousand of some 30,000. For the time of the training the matrix is cut to the rows in use, which
are put back afterwards: the same steps, but for weight decay, which the other rows are spared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nli_lifecycle.nli.training.encoding import EncodedPairs


class Vocabulary:
    """The token ids that some pairs use.

    Args:
        pad_id: the tokenizer's padding id. It keeps its number, which some encoders compute with.
        encoded: all pairs that the model will see.
    """

    def __init__(self, pad_id: int, *encoded: EncodedPairs) -> None:
        low = np.arange(pad_id + 1, dtype=np.int32)
        self._ids: NDArray[np.int32] = np.unique(
            np.concatenate([low, *(pairs.input_ids for pairs in encoded)])
        )
        self._all: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def number(self, encoded: EncodedPairs) -> EncodedPairs:
        """Number tokens as the cut matrix has them."""
        return replace(
            encoded, input_ids=np.searchsorted(self._ids, encoded.input_ids).astype(np.int32)
        )

    def cut(self, model: Any) -> None:
        """Leave the model the embeddings of these tokens only."""
        embeddings = model.get_input_embeddings()
        self._all = embeddings.weight.detach().clone()
        self._put(embeddings, self._all[self._ids])

    def fill_up(self, model: Any) -> None:
        """Give the model the embeddings of all tokens again, with those that were trained."""
        if self._all is None:
            return
        embeddings = model.get_input_embeddings()
        whole = self._all.to(embeddings.weight.device)
        whole[self._ids] = embeddings.weight.detach()
        self._put(embeddings, whole)

    @staticmethod
    def _put(embeddings: nn.Embedding, weight: torch.Tensor) -> None:
        embeddings.weight = nn.Parameter(weight, requires_grad=embeddings.weight.requires_grad)
        embeddings.num_embeddings = len(weight)
