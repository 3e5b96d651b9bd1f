"""Delta tables: each data file is a portion, known again in a later version."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable, write_deltalake

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


def test_values_of_partitions_that_no_folder_can_be_named_by(tmp_path: Path) -> None:
    pairs = _pairs(0).assign(genre=["a b", "c/d", None])
    write_deltalake(str(tmp_path / "pairs"), pairs, partition_by=["genre"])
    assert _rows(_portions(tmp_path, "pairs")) == [("p0", "a b"), ("p1", "c/d"), ("p2", "")]


def test_a_file_is_the_same_portion_by_path_and_by_uri(tmp_path: Path) -> None:
    table = tmp_path / "pairs"
    write_deltalake(str(table), _pairs(0), partition_by=["genre"])
    by_path, by_uri = _portions(tmp_path, "pairs"), _portions(tmp_path, f"file://{table}")
    assert _rows(by_uri) == _rows(by_path)
    for one, other in zip(by_path, by_uri):
        assert (one.stamp, one.settings) == (other.stamp, other.settings)
        assert one.content() == other.content()
        assert Path(one.origin).is_file() and other.origin == f"file://{one.origin}"


def test_places_name_the_file_and_the_row(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "pairs"), _pairs(0))
    (portion,) = _portions(tmp_path, "pairs")
    (file,) = (tmp_path / "pairs").glob("*.parquet")
    assert [row.place for row in portion.rows()] == [f"{file.name}:{n}" for n in (1, 2, 3)]


def test_files_from_before_a_column_was_added_have_none_of_it(tmp_path: Path) -> None:
    table = str(tmp_path / "pairs")
    write_deltalake(table, _pairs(0).drop(columns="genre"))
    write_deltalake(table, _pairs(10), mode="append", schema_mode="merge")
    genres = dict(_rows(_portions(tmp_path, table)))
    assert (genres["p0"], genres["p10"], genres["p11"]) == ("", "news", "travel")


def test_deleted_rows_are_not_read(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "pairs"), _pairs(0))
    DeltaTable(str(tmp_path / "pairs")).delete("premise = 'p1'")
    assert _rows(_portions(tmp_path, "pairs")) == [("p0", "news"), ("p2", "news")]


def test_tables_with_deletion_vectors_are_refused_not_read_with_what_was_deleted(
    tmp_path: Path,
) -> None:
    configuration = {"delta.enableDeletionVectors": "true"}
    write_deltalake(str(tmp_path / "pairs"), _pairs(0), configuration=configuration)
    with pytest.raises(DataError, match="pairs cannot be opened: .*deletionVectors"):
        _portions(tmp_path, "pairs")


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    write_deltalake(str(tmp_path / "pairs"), _pairs(0))
    (portion,) = _portions(tmp_path, "pairs")
    (file,) = (tmp_path / "pairs").glob("*.parquet")
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-30])
    else:
        file.unlink()
    with pytest.raises(DataError, match=rf"{file.name} is corrupt: it breaks off after row 0"):
        list(portion.rows())


def test_columns_that_are_not_known_are_asked_for(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "pairs"), _pairs(0).rename(columns={"label": "verdict"}))
    with pytest.raises(DataError, match="pairs: none of its columns is known to hold the label"):
        _portions(tmp_path, "pairs")


def test_without_a_place_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"delta: \(source_path is empty\) cannot be opened"):
        RawFolder("dev", tmp_path, tmp_path).portions("delta", None, SourceOptions())


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="source: delta: .*nowhere cannot be opened"):
        _portions(tmp_path, str(tmp_path / "nowhere"))


def test_without_the_library_the_message_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(DataError, match=r"pip install 'nli-lifecycle\[delta\]'"):
        _portions(tmp_path, "pairs")
