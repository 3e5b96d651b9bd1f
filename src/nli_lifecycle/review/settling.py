"""From many people's words to one label per pair, where they make one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.records import Asked, Word, draw, last_drawn

#: Columns of the pairs that training may read: an ordinary source.
SOURCE_COLUMNS = ["pair_id", "premise", "hypothesis", "label", "genre"]


@dataclass(frozen=True)
class Settled:
    """What the words come to.

    Attributes:
        labels: review id → the label that more than half of at least so many people gave.
        disputed: review id → label → people, where enough were asked and no label has more
            than half of them. One more person settles it.
    """

    labels: dict[str, str]
    disputed: dict[str, dict[str, int]]


def settle(words: Iterable[Word], reviewers: int) -> Settled:
    """Count each person's last word on each pair.

    Args:
        words: in the order in which they came.
        reviewers: different people that a label needs, at least 1.
    """
    last: dict[str, dict[str, str]] = defaultdict(dict)
    for word in words:
        last[word.review_id][word.reviewer] = word.label
    labels, disputed = {}, {}
    for review_id, said in last.items():
        if len(said) < reviewers:
            continue
        counts = Counter(said.values())
        label, most = counts.most_common(1)[0]
        if 2 * most > len(said):
            labels[review_id] = label
        else:
            disputed[review_id] = dict(counts)
    return Settled(labels, disputed)


def still_open(queue: pd.DataFrame, settled: Settled) -> pd.DataFrame:
    """Rows of a queue whose pairs have no settled label yet."""
    return queue[~queue["review_id"].isin(settled.labels)].reset_index(drop=True)


def training_pairs(
    asked: Iterable[Asked], settled: Settled, parameters: ReviewParameters
) -> pd.DataFrame:
    """Take the pairs with a settled label as an ordinary source of data_engineering.

    Under ``train_on: targeted`` pairs up to the last one drawn blindly stay behind: once trained
    on they could not judge any more.

    Returns:
        ``SOURCE_COLUMNS``, each pair once, in the order of ``pair_id``.
    """
    asked = list(asked)
    last = last_drawn(asked) if parameters.train_on == "targeted" else ""
    pairs = {one.review_id: one for one in asked if one.review_id in settled.labels}
    rows = [
        (f"review-{name}", one.premise, one.hypothesis, settled.labels[name], one.genre)
        for name, one in sorted(pairs.items())
        if one.reason == "feedback" or draw(name) > last
    ]
    return pd.DataFrame(rows, columns=SOURCE_COLUMNS)
