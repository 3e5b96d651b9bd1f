"""Quoted fields: what RFC 4180 says, and what files do instead."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.raw.delimited import RECORD_LINES, Quotes, split_quoted, split_records
from nli_lifecycle.nli.data.raw.lines import Line


def _records(text: str, quoted: bool = True) -> list[tuple[int, list[str] | Quotes]]:
    lines = iter([Line(number, line) for number, line in enumerate(text.split("\n"), start=1)])
    return [(line.number, fields) for line, fields in split_records(lines, ",", quoted)]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a,b", ["a", "b"]),
        ('"a,b",c', ["a,b", "c"]),
        ('"say ""hi""",', ['say "hi"', ""]),
        ('"",""', ["", ""]),
        ('5" pipe,b', ['5" pipe', "b"]),
        ('""""', ['"']),
        ('"a', Quotes.UNCLOSED),
        ('a,"b""', Quotes.UNCLOSED),
        ('"a"b,c', Quotes.STRAY),
    ],
)
def test_one_record(text: str, fields: list[str] | Quotes) -> None:
    assert split_quoted(text, ",") == fields


def test_quoted_field_may_span_lines() -> None:
    assert _records('a,"b\n\nc",d\ne,f,g') == [(1, ["a", "b\n\nc", "d"]), (4, ["e", "f", "g"])]


def test_quote_that_never_closes_costs_one_line() -> None:
    text = 'a,"b\nc,d\n' + "e,f\n" * (RECORD_LINES + 50)
    first, *others = _records(text)
    assert first == (1, Quotes.UNCLOSED)
    assert others[0] == (2, ["c", "d"])
    assert len(others) == RECORD_LINES + 51


def test_several_quotes_that_never_close_keep_the_lines_in_order() -> None:
    assert _records('a,"b\nc,d\ne,"f"x\ng,h') == [
        (1, Quotes.UNCLOSED),
        (2, ["c", "d"]),
        (3, Quotes.STRAY),
        (4, ["g", "h"]),
    ]


def test_bad_bytes_within_a_record_spoil_the_record_where_it_starts() -> None:
    lines = [Line(1, 'a,"b'), Line(2, 'c\\x92"', "undecodable_bytes", "byte"), Line(3, "d,e")]
    (spoilt, _), (fine, fields) = split_records(iter(lines), ",", True)
    assert (spoilt.number, spoilt.fault) == (1, "undecodable_bytes")
    assert (fine.number, fields) == (3, ["d", "e"])


def test_unquoted_files_take_quotes_as_text() -> None:
    assert _records('"a,b"\n\n""', quoted=False) == [(1, ['"a', 'b"']), (3, ['""'])]


_FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(_FIELD, min_size=2, max_size=4), max_size=8))
def test_reads_back_what_csv_writes(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    assert [fields for _, fields in _records(text.getvalue())] == rows


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(_FIELD, min_size=2, max_size=4), max_size=8))
def test_reads_back_what_csv_writes_with_fewest_quotes(rows: list[list[str]]) -> None:
    rows = [row for row in rows if any(field.strip() for field in row)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    assert [fields for _, fields in _records(text.getvalue())] == rows
