"""Reading rows of windows again: for labels that came since, and for texts as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nli_lifecycle.monitoring.clusters import numbered
from nli_lifecycle.monitoring.columns import COLUMNS, Bools, Floats, Ints, Rows, read
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.joining import LabelJoin, Spans
from nli_lifecycle.monitoring.log import InferenceLog
from nli_lifecycle.monitoring.slicing import Counts, added, count_slices
from nli_lifecycle.monitoring.state import KeptWindow
from nli_lifecycle.monitoring.text_drift import TextDriftSettings, row_features, text_drift
from nli_lifecycle.monitoring.truths import Pair, Truths, TruthSettings, settle

AGAIN = (*COLUMNS, "request_id", "endpoint")
#: A word may reach the database before the answer it is about: services move their journals one by
#: one. So many arrivals before a window's first row are looked through for words about it.
EARLY_WORDS = 100_000
NAMED = 5  # pairs in a message


@dataclass(frozen=True)
class Joined:
    """Windows with their labels.

    Attributes:
        kept: all windows, those that were read again with new figures.
        labelled: pairs with a label and an answer, in full windows or not.
        late: labels of answers in windows that are closed.
        strays: labels about answers that the log does not hold.
        named: the first few of them.
    """

    kept: tuple[KeptWindow, ...]
    labelled: int
    late: int
    strays: int
    named: tuple[Pair, ...]


def read_words(log: InferenceLog, first_arrival: int, settings: TruthSettings) -> Truths:
    """Settle all words that may be about rows from an arrival on."""
    return settle(log.feedback(after=max(0, first_arrival - 1 - EARLY_WORDS)), settings)


def join_labels(
    log: InferenceLog, kept: Sequence[KeptWindow], until: int, truths: Truths
) -> Joined:
    """Read the rows of open windows again, and all that came after; sum up those with a label.

    Args:
        log: to read.
        kept: windows by number; those without a summary stay as they are.
        until: last arrival to read.
        truths: settled labels.
    """
    awaiting = [window for window in kept if window.summary is not None]
    join = LabelJoin(truths, [window.span for window in awaiting])
    spans = Spans([window.span for window in awaiting])
    slices: list[Counts] = [{} for _ in awaiting]
    if truths.labels:
        first = min((window.first_arrival for window in awaiting), default=until + 1)
        for batch in log.rows(after=first - 1, until=until, columns=AGAIN):
            rows, truth = join.add(batch)
            for number, inside in spans.find(rows):
                inside = inside[truth[inside] >= 0]
                if len(inside):
                    found = count_slices(batch, rows, truth, inside)
                    slices[number] = added(slices[number], found)
    held = log.answered(join.unseen) if join.unseen else set()
    strays = sorted(join.unseen - held)
    news = {
        window.number: window.model_copy(update={"labelled": sums.to_json(), "slices": counts})
        for window, sums, counts in zip(awaiting, join.labelled, slices)
    }
    return Joined(
        kept=tuple(news.get(window.number, window) for window in kept),
        labelled=len(truths.labels) - len(join.unseen),
        late=len(held),
        strays=len(strays),
        named=tuple(strays[:NAMED]),
    )


def measure_texts(
    log: InferenceLog,
    windows: Sequence[KeptWindow],
    references: Mapping[str, Floats],
    settings: TextDriftSettings,
) -> dict[int, Finding]:
    """Measure ``text_drift`` of windows; in memory are the rows of those that are being read.

    Args:
        log: to read.
        windows: by number.
        references: digest → text features of quiet times.
        settings: how texts are compared.

    Returns:
        Window → finding; none where there is no reference.
    """
    waiting = [window for window in windows if window.digest in references]
    if not waiting:
        return {}
    spans = Spans([window.span for window in waiting])
    parts: dict[int, list[tuple[Floats, Ints, Ints, Bools]]] = {}
    found: dict[int, Finding] = {}
    for rows in _rows(log, waiting):
        for place, inside in spans.find(rows):
            whose = rows.position[inside], rows.premise[inside], rows.sound[inside]
            parts.setdefault(place, []).append((row_features(rows)[inside], *whose))
        for place in [p for p in parts if waiting[p].last_arrival <= rows.arrival[-1]]:
            window = waiting[place]
            features, position, premise, sound = map(np.concatenate, zip(*parts.pop(place)))
            clusters = numbered(position, premise, sound)
            reference = references[window.digest]
            found[window.number] = text_drift(reference, features[sound], settings, clusters)
    return found


def _rows(log: InferenceLog, windows: Sequence[KeptWindow]) -> Iterator[Rows]:
    first = min(window.first_arrival for window in windows)
    last = max(window.last_arrival for window in windows)
    for batch in log.rows(after=first - 1, until=last, columns=COLUMNS):
        rows = read(batch)
        if len(rows.arrival):
            yield rows
