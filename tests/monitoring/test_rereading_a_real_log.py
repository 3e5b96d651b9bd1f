"""Reading a log in SQL into windows, and its rows again for labels, slices and texts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from logged import CANDIDATE, CHAMPION, NOW, Log, answered, said

from nli_lifecycle.monitoring.columns import COLUMNS
from nli_lifecycle.monitoring.log import read_windows
from nli_lifecycle.monitoring.rereading import join_labels, measure_texts, read_words
from nli_lifecycle.monitoring.slicing import slice_qualities
from nli_lifecycle.monitoring.state import KeptWindow
from nli_lifecycle.monitoring.text_drift import TextDriftSettings, text_features
from nli_lifecycle.monitoring.truths import TruthSettings
from nli_lifecycle.monitoring.windows import Windows

ROWS = 60


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(f"sqlite:///{tmp_path}/log.db")
    yield log
    log.close()


def read(log: Log, pairs: int = ROWS, most: int = 100) -> list[KeptWindow]:
    taken = read_windows(log.reader, Windows(pairs), log.reader.watermark(), most)
    return [KeptWindow.of(window) for window in taken.windows]


def test_no_more_windows_are_in_memory_than_asked_for_but_all_rows_are_counted(log: Log) -> None:
    log.add(*(answered(f"r{n}", time=NOW + timedelta(seconds=n)) for n in range(ROWS)))
    taken = read_windows(log.reader, Windows(10), log.reader.watermark(), 2)
    assert [window.number for window in taken.windows] == [5, 6]
    assert (taken.rows, taken.in_windows, taken.damaged) == (ROWS, ROWS, 0)
    assert taken.newest == NOW + timedelta(seconds=ROWS - 1)


def test_slices_and_labels_are_of_the_same_pairs(log: Log) -> None:
    log.add(*(answered(f"r{n}", premise="word " * (3 + 30 * (n % 2))) for n in range(ROWS)))
    log.add(*(answered(f"s{n}", endpoint="/classify", release=CANDIDATE) for n in range(ROWS)))
    log.say(*(said("entailment" if n % 2 else "neutral", request_id=f"r{n}") for n in range(40)))
    log.say(*(said("entailment", request_id=f"s{n}") for n in range(30)))
    words = read_words(log.reader, 1, TruthSettings())
    joined = join_labels(log.reader, read(log), log.reader.watermark(), words.truths)
    first, second = joined.kept
    assert (first.labels.pairs, first.labels.right, second.labels.right) == (40, 20, 30)
    assert first.slices["premise: 0–8 words"] == (0, 20)
    assert first.slices["premise: over 32 words"] == (20, 20)
    assert first.slices["answer: entailment"] == (20, 40)
    assert "endpoint: /classify" not in first.slices
    assert second.slices["endpoint: /classify"] == (30, 30)
    assert (joined.labelled, joined.late, joined.strays) == (70, 0, 0)
    found = {one.name: one for one in slice_qualities([first.slices, second.slices], 0.95)}
    assert (found["answer: entailment"].pairs, found["answer: entailment"].value) == (70, 50 / 70)
    few = slice_qualities([{"answer: neutral": (3, 4)}], 0.95)
    assert (few[0].pairs, few[0].value) == (4, None)


def test_labels_of_answers_nobody_got_and_of_none_at_all_are_strays(log: Log) -> None:
    log.add(*(answered(f"r{n}") for n in range(ROWS)))
    log.add(answered("hidden", role="shadow", release=CANDIDATE))
    log.say(said(request_id="hidden"), said(request_id="typo"), said(request_id="r0", position=7))
    words = read_words(log.reader, 1, TruthSettings())
    joined = join_labels(log.reader, read(log), log.reader.watermark(), words.truths)
    assert joined.strays == 3
    assert joined.named == (("hidden", 0), ("r0", 7), ("typo", 0))


def test_a_closed_window_is_not_read_again_and_its_labels_are_late(log: Log) -> None:
    log.add(*(answered(f"r{n}") for n in range(2 * ROWS)))
    log.say(said(request_id="r0"), said(request_id=f"r{ROWS}"))
    old, new = read(log)
    closed = old.model_copy(update={"summary": None})
    words = read_words(log.reader, 1, TruthSettings())
    joined = join_labels(log.reader, [closed, new], log.reader.watermark(), words.truths)
    assert joined.kept[0] == closed and joined.kept[1].labels.pairs == 1
    assert (joined.late, joined.strays, joined.labelled) == (1, 0, 1)


def test_answered_asks_for_many_pairs_in_several_queries(log: Log) -> None:
    log.add(*(answered(f"r{n}", position=n % 2) for n in range(ROWS)))
    asked = [(f"r{n}", 0) for n in range(1_200)]
    assert log.reader.answered(asked) == {(f"r{n}", 0) for n in range(0, ROWS, 2)}
    assert log.reader.answered([]) == set()


def test_texts_are_compared_where_there_is_something_to_compare_with(log: Log) -> None:
    random = np.random.default_rng(1)

    def rows(name: str, release: object, words: int) -> list[object]:
        lengths = random.integers(words, words + 10, size=200)
        return [
            answered(f"{name}{n}", premise="word " * int(length), release=release)
            for n, length in enumerate(lengths)
        ]

    for one, other in zip(rows("a", CHAMPION, 5), rows("b", CANDIDATE, 30)):
        log.add(one, other)  # type: ignore[arg-type]  # two models answer in turn
    quiet = np.vstack([text_features(batch) for batch in log.reader.rows(columns=COLUMNS)][:1])
    short = quiet[quiet[:, 0] < np.log1p(20)]
    settings = TextDriftSettings()
    windows = read(log, 200)
    known = {window.digest: short for window in windows}
    found = measure_texts(log.reader, windows, known, settings)
    by_version = {window.key[1]: found[window.number] for window in windows}
    assert by_version["7"].value == pytest.approx(0.5, abs=0.12)
    assert by_version["8"].value > 0.99 and by_version["8"].pairs == 200
    assert measure_texts(log.reader, windows, {}, settings) == {}
