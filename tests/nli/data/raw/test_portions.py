"""Files as portions: what makes them the same, what makes them others, and what they refuse."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nli_lifecycle.nli.data.ingest import Portion
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw import portions as module
from nli_lifecycle.nli.data.raw.extraction import plan_files
from nli_lifecycle.nli.data.raw.portions import file_portions
from nli_lifecycle.nli.data.raw.sources import SOURCES
from nli_lifecycle.parameters import SourceOptions

CSV = "premise,hypothesis,label\np,h,neutral\n"


def _portion(path: Path, **options: Any) -> Portion:
    source = SOURCES[path.suffix.strip(".")]
    settings = SourceOptions.model_validate(options)
    (portion,) = file_portions(plan_files([path], source, settings), source, settings)
    return portion


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.csv"
    file.write_text(CSV)
    return file


def test_a_portion_says_where_it_is_from(path: Path) -> None:
    portion = _portion(path)
    assert (portion.source, portion.name, portion.origin) == ("csv", "pairs.csv", str(path))
    assert portion.content() == hashlib.sha256(CSV.encode()).hexdigest()
    assert [row.place for row in portion.rows()] == ["pairs.csv:2"]


def test_the_origin_is_the_same_from_anywhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    assert _portion(Path("pairs.csv")).origin == str(path)


def test_an_unchanged_file_has_the_same_stamp(path: Path) -> None:
    first = _portion(path)
    list(first.rows())
    assert _portion(path).stamp == first.stamp


@pytest.mark.parametrize("change", ["touched", "longer"])
def test_a_file_that_was_written_has_another_stamp(path: Path, change: str) -> None:
    first = _portion(path)
    state = path.stat()
    if change == "touched":
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    else:
        path.write_text(CSV + "q,h,neutral\n")
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert _portion(path).stamp != first.stamp


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": "latin-1"},
        {"quoting": "none"},
        {"columns": {"premise": "hypothesis"}},
        {"splits": {"seen": "train"}},
    ],
)
def test_other_ways_of_reading_are_other_settings(path: Path, options: dict[str, Any]) -> None:
    assert _portion(path, **options).settings != _portion(path).settings


def test_another_label_map_is_no_other_setting(path: Path) -> None:
    assert _portion(path, labels={"n": "neutral"}).settings == _portion(path).settings


def _change(path: Path, how: str) -> None:
    if how == "grows":
        with path.open("a") as file:
            file.write("late,row,neutral\n")
    elif how == "is replaced":
        other = path.with_name("other")
        other.write_text(CSV.replace("neutral", "NEUTRAL"))
        os.utime(other, ns=(1, 1))
        other.rename(path)
    else:
        path.write_text("")


@pytest.mark.parametrize("how", ["grows", "is replaced", "is emptied"])
@pytest.mark.parametrize("when", ["before", "while"])
def test_a_file_that_changes_before_or_while_it_is_read_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, how: str, when: str
) -> None:
    original = module.extract_rows

    def changing(*arguments: Any) -> Iterator[Any]:
        rows = original(*arguments)
        yield next(rows)
        _change(path, how)
        yield from rows

    portion = _portion(path)
    if when == "before":  # after its bytes were hashed: they name the landed part
        portion.content()
        _change(path, how)
    else:
        monkeypatch.setattr(module, "extract_rows", changing)
    with pytest.raises(DataError, match=r"pairs\.csv changed while it was read. Nothing of it"):
        list(portion.rows())


def test_a_parquet_file_that_shrinks_while_it_is_read_does_not_kill_the_process(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pairs.parquet"
    texts = [os.urandom(20).hex() for _ in range(30_000)]
    columns = {"premise": texts, "hypothesis": texts, "label": texts}
    pq.write_table(pa.table(columns), path, row_group_size=5_000, compression=None)
    rows = _portion(path).rows()
    next(rows)
    path.write_bytes(b"new")
    with pytest.raises(DataError, match=r"pairs\.parquet changed while it was read"):
        list(rows)


def test_a_corrupt_file_is_called_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    frame = pd.DataFrame({"premise": ["a" * 9] * 999, "hypothesis": "h", "label": "neutral"})
    frame.to_parquet(path)
    content = bytearray(path.read_bytes())
    content[4:40] = b"\xff" * 36
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"pairs\.parquet is corrupt: it breaks off after row 0"):
        list(_portion(path).rows())
