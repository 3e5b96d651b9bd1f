"""Sheets go out to spreadsheets and come back as they were, whatever a text begins with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from asked_pairs import answers, pairs_of
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.review.drawing import draw_queue
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.sheets import (
    SHEET_COLUMNS,
    guard,
    read_sheet,
    unguard,
    write_csv,
    write_jsonl,
)

PAIRS = pairs_of(6).assign(
    premise=["=1+1", "+49", "-x", "@home", "'=quoted", 'Zwei „Hunde“, 犬; "so"']
)
QUEUE = draw_queue(PAIRS, answers(PAIRS, [False] * 6), None, [], ReviewParameters(rows=6))


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    (folder / name).write_text(text, encoding, newline="")
    return folder / name


@given(st.text())
def test_a_guarded_text_is_no_formula_and_comes_back(text: str) -> None:
    shown = guard(text)
    assert isinstance(shown, str) and not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguard(shown) == text


@given(st.sampled_from("'=+-@\t\r"), st.text())
def test_so_do_texts_that_begin_like_one(first: str, text: str) -> None:
    assert unguard(str(guard(first + text))) == first + text


def test_a_csv_sheet_is_marked_as_utf_8_and_hides_what_sways() -> None:
    text = write_csv(QUEUE, show_answers=False)
    assert text.startswith("\ufeffreview_id,pair_id,premise,hypothesis,label,reviewer,note\n")
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    assert len(rows) == 6 and all(not row["label"] and not row["reviewer"] for row in rows)
    assert {row["premise"] for row in rows} == {
        *("'=1+1", "'+49", "'-x", "'@home", "''=quoted", 'Zwei „Hunde“, 犬; "so"')
    }


def test_json_lines_hold_the_texts_as_they_are() -> None:
    rows = [json.loads(line) for line in write_jsonl(QUEUE, False).splitlines()]
    assert list(rows[0]) == SHEET_COLUMNS
    assert {row["premise"] for row in rows} == set(PAIRS["premise"])


def test_answers_are_shown_on_request_and_the_own_label_never() -> None:
    row = json.loads(write_jsonl(QUEUE, True).splitlines()[0])
    assert {"reason", "candidate", "candidate_confidence"} <= row.keys()
    assert row["champion"] == row["champion_confidence"] == row["label"] == ""


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_separator_a_spreadsheet_saves_with_is_read(tmp_path: Path, delimiter: str) -> None:
    rows = csv.reader(io.StringIO(write_csv(QUEUE, False)[1:]))
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    found = list(read_sheet(written(tmp_path, "back.csv", text.getvalue(), "utf-8-sig")))
    assert [row.fields["review_id"] for row in found] == QUEUE["review_id"].tolist()
    assert found[0].place == "back.csv:2"


def test_a_text_with_line_breaks_is_one_row(tmp_path: Path) -> None:
    text = 'review_id,premise,hypothesis,label\nx,"one\ntwo",h,neutral\ny,p,h,\n'
    found = list(read_sheet(written(tmp_path, "s.csv", text)))
    assert [row.fields["premise"] for row in found] == ["one\ntwo", "p"]
    assert [row.place for row in found] == ["s.csv:2", "s.csv:4"]


@pytest.mark.parametrize(
    "name, text, why",
    [
        ("s.csv", "review_id,premise,hypothesis\n", "no column label"),
        ("s.csv", "", "empty"),
        ("s.jsonl", '{"premise": "p"}\n', "no column review_id and no column hypothesis"),
        ("s.jsonl", "[]\n", "JSON object"),
    ],
)
def test_what_is_no_sheet_is_said_to_be(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        list(read_sheet(written(tmp_path, name, text)))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="away.csv"):
        list(read_sheet(tmp_path / "away.csv"))
