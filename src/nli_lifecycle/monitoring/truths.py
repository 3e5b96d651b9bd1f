"""What people say of answers: one label per pair out of the words of several sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from nli_lifecycle.monitoring.columns import Columns, utc
from nli_lifecycle.nli.labels import LABELS

Pair = tuple[str, int]  # request_id, position


class TruthSettings(BaseModel):
    """Whose word counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority: tuple[str, ...] = Field(
        (), description="sources, the most trusted first: one that spoke decides alone"
    )


@dataclass(frozen=True)
class Truths:
    """Settled labels.

    Attributes:
        labels: label index of each pair.
        disputed: pairs whose sources disagree with no majority; they have no label.
        damaged: words whose label is none of ours; nobody said anything by them.
        words: the last ones of each source on each pair.
    """

    labels: dict[Pair, int]
    disputed: int
    damaged: int
    words: int = 0


def settle(feedback: Iterable[Columns], settings: TruthSettings) -> Truths:
    """Find the label of each pair.

    Of each source the last word counts, by ``time``, then ``arrival``, in whatever order the words
    come. A source named in ``priority`` decides alone; where none of those spoke, the label that
    most sources say is the truth, and a tie is none.

    Args:
        feedback: batches of the feedback table, all words or the last ones: ``request_id``,
            ``position``, ``source``, ``label``, ``time``, ``arrival``. Kept in memory: one word
            per pair and source.
        settings: whose word counts.
    """
    last: dict[Pair, dict[str, tuple[tuple[datetime, int], int]]] = {}
    damaged = 0
    for batch in feedback:
        names = ("request_id", "position", "source", "label", "time", "arrival")
        for request, position, source, label, time, arrival in zip(*(batch[n] for n in names)):
            if label not in LABELS:
                damaged += 1
                continue
            said = (utc(time), int(arrival)), LABELS.index(label)
            words = last.setdefault((str(request), int(position)), {})
            words[str(source)] = max(words.get(str(source), said), said)
    labels, disputed = {}, 0
    for pair, words in last.items():
        label = _decided({source: label for source, (_, label) in words.items()}, settings)
        if label is None:
            disputed += 1
        else:
            labels[pair] = label
    return Truths(labels, disputed, damaged, sum(map(len, last.values())))


def _decided(words: dict[str, int], settings: TruthSettings) -> int | None:
    for source in settings.priority:
        if source in words:
            return words[source]
    ranked = Counter(words.values()).most_common(2)
    tie = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
    return None if tie else ranked[0][0]
