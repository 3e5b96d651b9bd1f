"""Answering one batch, in a worker thread."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from nli_lifecycle.serving.batching.queue import Portion

#: Pairs answered in one call have about the same length. Each is padded to the longest, while a
#: call costs little: with short ones among long ones, mixed batches took twice as long.
LONGEST_TO_SHORTEST = 1.25
SLACK_TOKENS = 4
CALL_TOKENS = 512  # padded; more stay in no core's cache

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
            size = batch[0].stop - batch[0].start
            _logger.error("The model failed on %d pairs: %s", size, type(error).__name__)
            return [error]
        return [answer([portion])[0] for portion in batch]
    ends = np.cumsum([portion.stop - portion.start for portion in batch])
    return list(np.split(together, ends[:-1]))


def by_length(tokens: Sequence[int]) -> Iterator[list[int]]:
    """Positions in groups of about the same length, to be answered in one call each."""
    group: list[int] = []
    for position in sorted(range(len(tokens)), key=tokens.__getitem__):
        longest = tokens[position]
        too_long = group and longest > LONGEST_TO_SHORTEST * tokens[group[0]] + SLACK_TOKENS
        if too_long or (group and longest * (len(group) + 1) > CALL_TOKENS):
            yield group
            group = []
        group.append(position)
    if group:
        yield group


def _probabilities(batch: Sequence[Portion]) -> npt.NDArray[np.float64]:
    pairs = [pair for portion in batch for pair in portion.pairs]
    tokens = [count for portion in batch for count in portion.tokens]
    classifier = batch[0].waiting.served.classifier
    answers = np.empty((len(pairs), 3))
    for group in by_length(tokens):
        answers[group] = classifier.predict_proba(
            [pairs[i][0] for i in group], [pairs[i][1] for i in group]
        )
    return answers
