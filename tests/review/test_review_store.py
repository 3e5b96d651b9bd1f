"""What people said is added to, never changed, and damage is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked_pairs import asked, word

from nli_lifecycle.datasets.reviews import ReviewsDataset
from nli_lifecycle.review.store import ReviewStore, ReviewStoreError


def test_reading_makes_nothing(tmp_path: Path) -> None:
    store = ReviewStore(tmp_path / "reviews")
    assert store.asked() == store.words() == [] and not list(tmp_path.iterdir())


def test_a_pair_is_asked_once_per_reason_and_models(tmp_path: Path) -> None:
    store = ReviewStore(tmp_path)
    assert store.ask([asked(0), asked(1)]) == 2
    assert store.ask([asked(1), asked(1, "disagreement"), asked(1, candidate="c" * 64)]) == 2
    assert [one.pair_id for one in store.asked()] == ["p0", "p1", "p1", "p1"]


def test_words_come_back_in_order_with_whatever_they_hold(tmp_path: Path) -> None:
    store = ReviewStore(tmp_path)
    words = [word("x", "ann\u2028\n", "neutral", note='"=1'), word("y", "犬", "entailment")]
    for one in words:
        store.add(lambda known, one=one: [one])
    assert store.words() == words
    store.add(lambda known: [])
    assert store.words() == words
    assert {path.name for path in tmp_path.iterdir()} <= {"words.jsonl", ".lock"}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch) -> None:
    store = ReviewStore(tmp_path)
    store.ask([asked(0)])
    before = (tmp_path / "asked.jsonl").read_bytes()

    def full(*paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        store.ask([asked(1)])
    assert (tmp_path / "asked.jsonl").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} <= {"asked.jsonl", ".lock"}


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    store = ReviewStore(tmp_path)
    store.ask([asked(0), asked(1)])
    path = tmp_path / "asked.jsonl"
    path.write_text(path.read_text().replace('"random"', '"chance"', 1))
    with pytest.raises(ReviewStoreError, match="asked.jsonl, line 1: .*'random'.*backup"):
        store.asked()


def test_the_catalog_entry_is_a_handle_and_cannot_be_saved(tmp_path: Path) -> None:
    entry = ReviewsDataset(filepath=str(tmp_path / "reviews"))
    assert entry.load().folder == tmp_path / "reviews"
    with pytest.raises(Exception, match="review import"):
        entry.save(ReviewStore(tmp_path))
