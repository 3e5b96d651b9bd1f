"""Delta tables: each data file is a portion, known again in a later version."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from deltalake import write_deltalake

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.nli.data.ingest import Portion
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.parameters import SourceOptions


def _pairs(first: int, rows: int = 3) -> pd.DataFrame:
    numbers = range(first, first + rows)
    return pd.DataFrame(
        {
            "premise": [f"p{n}" for n in numbers],
            "hypothesis": [f"h{n}" for n in numbers],
            "label": "neutral",
            "genre": ["news", "travel", "news"][:rows],
        }
    )


def _portions(folder: Path, place: str) -> list[Portion]:
    return RawFolder("dev", folder, folder).portions("delta", place, SourceOptions())


def _rows(portions: list[Portion]) -> list[tuple[str, str]]:
    rows = [row.fields for portion in portions for row in portion.rows()]
    return sorted((row["premise"], row["genre"]) for row in rows if row)


def test_a_later_version_leaves_the_files_before_as_they_were(tmp_path: Path) -> None:
    table = tmp_path / "pairs"
    write_deltalake(str(table), _pairs(0))
    first = _portions(tmp_path, str(table))
    write_deltalake(str(table), _pairs(10), mode="append")
    second = _portions(tmp_path, str(table))
    assert len(first) == 1 and len(second) == 2
    assert first[0].stamp in {portion.stamp for portion in second}
    assert _rows(second) == [
        *[("p0", "news"), ("p1", "travel"), ("p10", "news")],
        *[("p11", "travel"), ("p12", "news"), ("p2", "news")],
    ]


def test_partitions_are_columns(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "pairs"), _pairs(0), partition_by=["genre"])
    portions = _portions(tmp_path, "pairs")  # relative to the project
    assert len(portions) == 2
    assert _rows(portions) == [("p0", "news"), ("p1", "travel"), ("p2", "news")]


def test_rows_that_were_removed_are_not_read(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "pairs"), _pairs(0))
    write_deltalake(str(tmp_path / "pairs"), _pairs(10), mode="overwrite")
    assert [premise for premise, _ in _rows(_portions(tmp_path, "pairs"))] == ["p10", "p11", "p12"]


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="source: delta: .*nowhere cannot be opened"):
        _portions(tmp_path, str(tmp_path / "nowhere"))


def test_without_the_library_the_message_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(DataError, match=r"pip install 'nli-lifecycle\[delta\]'"):
        _portions(tmp_path, "pairs")
