"""Answering one batch, in a worker thread."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nli_lifecycle.serving.batching.queue import Portion

_logger = logging.getLogger(__name__)

Answer = npt.NDArray[np.float64] | Exception


def answer(batch: Sequence[Portion]) -> list[Answer]:
    """Answer the portions of a batch together, or one by one where they cannot be together.

    Args:
        batch: portions for one model.

    Returns:
        For each portion its answers (n, 3), or why there are none.
    """
    try:
        together = _probabilities(batch)
    except Exception as error:
        if len(batch) == 1:
            # Its message may quote a text, so only its kind is told.
            _logger.error("The model failed on %s: %s", _size(batch), type(error).__name__)
            return [error]
        return [answer([portion])[0] for portion in batch]
    ends = np.cumsum([portion.stop - portion.start for portion in batch])
    return list(np.split(together, ends[:-1]))


def _probabilities(batch: Sequence[Portion]) -> npt.NDArray[np.float64]:
    pairs = [pair for portion in batch for pair in portion.pairs]
    classifier = batch[0].waiting.served.classifier
    return classifier.predict_proba([pair[0] for pair in pairs], [pair[1] for pair in pairs])


def _size(batch: Sequence[Portion]) -> str:
    return f"{sum(portion.stop - portion.start for portion in batch)} pairs"
