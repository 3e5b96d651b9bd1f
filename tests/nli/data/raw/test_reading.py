"""Rows out of files: every row comes out, readable or with its problem and its place."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow, column_names, read_rows

CSV = Layout("delimited", ",", "minimal")
TSV = Layout("delimited", "\t", "none")
JSONL = Layout("jsonl")
PARQUET = Layout("parquet")


def _rows(folder: Path, content: bytes, layout: Layout) -> list[RawRow]:
    path = folder / "pairs"
    path.write_bytes(content)
    return list(read_rows(path, layout, "pairs"))


def test_header_alone_gives_no_rows(tmp_path: Path) -> None:
    assert _rows(tmp_path, b"a,b\n\n", CSV) == []


def test_blank_lines_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds blank lines only"):
        _rows(tmp_path, b"\n \n", CSV)


def test_header_that_does_not_decode_is_refused_with_the_setting_to_change(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 1: the column names.*data\.options\.encoding"):
        _rows(tmp_path, b"caf\xe9,b\n1,2\n", CSV)


def test_wrong_number_of_fields(tmp_path: Path) -> None:
    _, row = _rows(tmp_path, b"a\tb\n1\t2\n1\t2\t3\n", TSV)
    assert row.place == "pairs:3"
    assert (row.problem, row.detail) == ("wrong_field_count", "3 fields where the header has 2")
    assert row.excerpt == "1\t2\t3"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"a": 1', "invalid_json"),
        (b"[1, 2]", "invalid_json"),
        (b"null", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"a": "\x92"}', "undecodable_bytes"),
    ],
)
def test_lines_that_are_no_object(tmp_path: Path, line: bytes, problem: str) -> None:
    good, bad = _rows(tmp_path, b'{"a": 1}\n' + line, JSONL)
    assert good == RawRow("pairs:1", {"a": 1})
    assert (bad.place, bad.fields, bad.problem) == ("pairs:2", None, problem)


def test_json_list_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([{"a": 1}], indent=1))
    with pytest.raises(DataError, match="one\nlist|one list for the whole file"):
        column_names(path, JSONL)


def test_quoted_csv(tmp_path: Path) -> None:
    rows = _rows(tmp_path, b'\xef\xbb\xbfa, b \r\n"x\r\ny","1,5"\r\nz,2\r\n', CSV)
    assert rows == [
        RawRow("pairs:2", {"a": "x\ny", "b": "1,5"}),
        RawRow("pairs:4", {"a": "z", "b": "2"}),
    ]


def test_column_names_are_read_without_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs"
    path.write_bytes(b"a\tnull\tnull\n" + b"no such number of fields\n" * 3)
    assert column_names(path, TSV) == ["a", "null", "null"]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    pd.DataFrame({"premise": ["a", None], "label": [0, 2]}).to_parquet(path)
    assert column_names(path, PARQUET) == ["premise", "label"]
    assert list(read_rows(path, PARQUET, "p")) == [
        RawRow("p:1", {"premise": "a", "label": 0}),
        RawRow("p:2", {"premise": None, "label": 2}),
    ]


@pytest.mark.parametrize("keep", [0, 3, 400])
def test_corrupt_parquet_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "pairs.parquet"
    pd.DataFrame({"premise": ["a"] * 100}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"pairs\.parquet (is empty|cannot be read as Parquet)"):
        list(read_rows(path, PARQUET, "p"))


def test_missing_parquet_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as Parquet.*No such file"):
        column_names(tmp_path / "nowhere.parquet", PARQUET)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_give_one_row_per_line(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        rows = _rows(Path(folder), b"a\tb\n" + content.replace(b"\n", b"|\n") + b"|", TSV)
    assert [row.place for row in rows] == [
        f"pairs:{number}" for number in range(2, content.count(b"\n") + 3)
    ]
    for row in rows:
        assert (row.fields is None) == (row.problem is not None)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b and b.strip()), max_size=9))
def test_any_bytes_as_jsonl_give_one_row_per_line(lines: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        rows = _rows(Path(folder), b'{"a": 1}\n' + b"\n".join(lines), JSONL)
    places = Counter(row.place for row in rows)
    assert max(places.values()) == 1
    assert len(rows) <= len(lines) + 1
