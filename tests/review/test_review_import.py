"""A sheet that came back: every row is taken, known, waiting or set aside with a reason."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from asked_pairs import asked, word
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.review.importing import Account, take_in
from nli_lifecycle.review.records import Word
from nli_lifecycle.review.sheets import SHEET_COLUMNS
from nli_lifecycle.review.store import ReviewStore

ASKED = [asked(number) for number in range(5)]


def row(number: int, label: str = "neutral", reviewer: str = "ann", **changes: str) -> dict:
    one = ASKED[number]
    cells = one.model_dump(include={"review_id", "pair_id", "premise", "hypothesis"})
    return {**cells, "label": label, "reviewer": reviewer, "note": "", **changes}


def sheet(folder: Path, *rows: dict[str, Any], name: str = "sheet.csv") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, SHEET_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / name).write_text(text.getvalue(), "utf-8")
    return folder / name


def taken(path: Path, known: tuple[Word, ...] = (), reviewer: str = "") -> Account:
    account = take_in(path, reviewer, ASKED, known)
    parts = len(account.taken) + account.known + account.waiting + len(account.set_aside)
    assert account.read == parts
    return account


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"review_id": "0" * 32}, "unknown_review_id"),
        ({"review_id": ""}, "unknown_review_id"),
        ({"premise": "Dog 1 walks."}, "changed_text"),
        ({"hypothesis": ""}, "changed_text"),
        ({"label": "maybe"}, "unknown_label"),
        ({"reviewer": " "}, "no_reviewer"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_with_its_place(tmp_path, changes, reason) -> None:
    account = taken(sheet(tmp_path, row(0), row(1, **changes)))
    assert [one.review_id for one in account.taken] == [ASKED[0].review_id]
    (aside,) = account.set_aside
    assert (aside.place, aside.reason) == ("sheet.csv:3", reason)


def test_a_row_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    path = sheet(tmp_path, row(0), row(1))
    path.write_text(path.read_text().replace(",ann,", ",ann,,,", 1))
    account = taken(path)
    assert [one.reason for one in account.set_aside] == ["wrong_field_count"]
    assert len(account.taken) == 1
    path.write_bytes(
        sheet(tmp_path, row(0, note="schön"), row(1)).read_bytes().replace(b"\xc3\xb6", b"\xf6")
    )
    assert [one.reason for one in taken(path).set_aside] == ["undecodable_bytes"]


def test_rows_without_a_label_wait(tmp_path: Path) -> None:
    account = taken(sheet(tmp_path, row(0, label=""), row(1, label="  "), row(2)))
    assert (account.waiting, len(account.taken)) == (2, 1)


def test_labels_are_taken_in_any_letter_case_and_whitespace_of_texts_is_nothing(tmp_path) -> None:
    one = row(0, label=" Neutral ", premise="Dog  0 runs. ", reviewer=" ann ")
    (found,) = taken(sheet(tmp_path, one)).taken
    assert (found.label, found.reviewer) == ("neutral", "ann")


def test_who_labelled_may_be_said_once_for_all(tmp_path: Path) -> None:
    path = sheet(tmp_path, row(0, reviewer=""), row(1, reviewer="bob"))
    assert [one.reviewer for one in taken(path, reviewer="ann").taken] == ["ann", "bob"]


def test_the_same_word_twice_in_a_file_counts_once(tmp_path: Path) -> None:
    account = taken(sheet(tmp_path, row(0), row(0), row(0, reviewer="bob")))
    assert [one.reviewer for one in account.taken] == ["ann", "bob"]
    assert [(one.place, one.reason) for one in account.set_aside] == [("sheet.csv:3", "repeated")]


def test_somebody_who_contradicts_himself_in_a_file_says_nothing(tmp_path: Path) -> None:
    account = taken(sheet(tmp_path, row(0), row(0, label="entailment"), row(1)))
    assert [one.review_id for one in account.taken] == [ASKED[1].review_id]
    assert [one.reason for one in account.set_aside] == ["contradicts_itself"] * 2


def test_the_same_file_again_changes_nothing_also_after_a_change_of_mind(tmp_path: Path) -> None:
    first, later = sheet(tmp_path, row(0)), sheet(tmp_path, row(0, "entailment"), name="later.csv")
    known = taken(first).taken
    again = taken(first, known)
    assert (again.known, again.taken) == (1, ())
    known += taken(later, known).taken
    assert [one.label for one in known] == ["neutral", "entailment"]
    assert taken(first, known).taken == () and taken(later, known).taken == ()


def test_the_same_word_in_another_file_is_known(tmp_path: Path) -> None:
    known = (word(ASKED[0].review_id, "ann", "neutral", file="another"),)
    assert taken(sheet(tmp_path, row(0)), known).known == 1


cells = st.fixed_dictionaries(
    {
        "number": st.integers(0, 4),
        "label": st.sampled_from(["neutral", "entailment", "", "?"]),
        "reviewer": st.sampled_from(["ann", "bob", ""]),
        "review_id": st.sampled_from(["", None]),
    }
)


@given(rows=st.lists(cells, max_size=12))
def test_all_rows_are_accounted_for_and_a_second_time_adds_none(tmp_path_factory, rows) -> None:
    folder = tmp_path_factory.mktemp("sheets")
    lines = []
    for one in rows:
        changes = {"review_id": ""} if one["review_id"] == "" else {}
        lines.append(row(one["number"], one["label"], one["reviewer"], **changes))
    path = sheet(folder, *lines)
    first = taken(path)
    assert first.read == len(rows)
    assert len({(one.review_id, one.reviewer) for one in first.taken}) == len(first.taken)
    second = taken(path, first.taken)
    assert (second.taken, second.known) == ((), len(first.taken))
    assert second.set_aside == first.set_aside


def test_the_store_takes_a_sheet_once(tmp_path: Path) -> None:
    store, path = ReviewStore(tmp_path / "reviews"), sheet(tmp_path, row(0), row(1))
    for _ in range(2):
        store.add(lambda known: take_in(path, "", ASKED, known).taken)
    assert [one.place for one in store.words()] == ["sheet.csv:2", "sheet.csv:3"]
    assert len({one.file for one in store.words()}) == 1
