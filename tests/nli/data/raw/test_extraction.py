"""Rows in our own fields, whatever the source calls them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.extraction import extract_rows, plan_files
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.raw.sources import SOURCES, find_source, locate_files
from nli_lifecycle.parameters import SourceOptions


def _extract(files: list[Path], source: str, **options: Any) -> list[RawRow]:
    settings = SourceOptions.model_validate(options)
    plans = plan_files(files, SOURCES[source], settings)
    return list(extract_rows(plans, SOURCES[source], settings))


def _jsonl(path: Path, *objects: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in objects))
    return path


def _pair(**others: Any) -> dict[str, Any]:
    return {"premise": "p", "hypothesis": "h", "label": "neutral"} | others


def test_a_bad_file_is_found_before_any_is_read(tmp_path: Path) -> None:
    good = _jsonl(tmp_path / "a.jsonl", _pair())
    bad = _jsonl(tmp_path / "b.jsonl", {"text": "p"})
    with pytest.raises(DataError, match=r"b\.jsonl: none of its columns .* hypothesis"):
        plan_files([good, bad], SOURCES["jsonl"], SourceOptions())


@pytest.mark.parametrize(
    ("fields", "problem", "detail"),
    [
        ({"premise": "\ud800"}, "invalid_unicode", "premise = '\\ud800'"),
        ({"label": ["e", "n"]}, "wrong_type", "label = ['e', 'n']"),
        ({"split": "holdout"}, "unknown_split", "split 'holdout' is not in data.options.splits"),
    ],
)
def test_fields_that_cannot_be_used(
    tmp_path: Path, fields: dict[str, Any], problem: str, detail: str
) -> None:
    path = _jsonl(tmp_path / "x.jsonl", _pair(split="test"), _pair(split="test") | fields)
    _, row = _extract([path], "jsonl")
    assert (row.place, row.fields, row.problem) == ("x.jsonl:2", None, problem)
    assert row.detail == detail
    row.excerpt.encode()


def test_missing_and_odd_values_become_text(tmp_path: Path) -> None:
    path = _jsonl(
        tmp_path / "x.jsonl",
        {"premise": "p", "label": None},
        _pair(genre="fiction", id=7),
        _pair(label=2),
        _pair(label=0.0),
        _pair(id=float("nan"), label=float("nan")),
    )
    first, second, third, fourth, fifth = [row.fields or {} for row in _extract([path], "jsonl")]
    assert (first["hypothesis"], first["label"], first["genre"]) == ("", "", "")
    assert second == {
        "pair_id": "7",
        "premise": "p",
        "hypothesis": "h",
        "label": "neutral",
        "genre": "fiction",
        "split": "",
    }
    assert (third["label"], third["pair_id"]) == ("2", "x.jsonl:3")
    assert fourth["label"] == "0"
    assert (fifth["label"], fifth["pair_id"]) == ("", "x.jsonl:5")


def test_split_of_the_row_before_split_of_the_file(tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "dev.jsonl", _pair(split=" TRAIN "), _pair(split=""))
    splits = [row.fields["split"] for row in _extract([path], "jsonl") if row.fields]
    assert splits == ["train", "validation"]


def test_places_tell_files_of_the_same_name_apart(tmp_path: Path) -> None:
    files = [
        _jsonl(tmp_path / "one/pairs.jsonl", _pair()),
        _jsonl(tmp_path / "two/pairs.jsonl", _pair()),
    ]
    places = [row.place for row in _extract(files, "jsonl")]
    assert places == ["one/pairs.jsonl:1", "two/pairs.jsonl:1"]


def test_published_text_form_of_snli(tmp_path: Path) -> None:
    path = tmp_path / "snli_1.0_test.txt"
    path.write_text(
        "gold_label\tsentence1_parse\tsentence1\tsentence2\tcaptionID\tpairID\tlabel1\n"
        'neutral\t(ROOT)\tA "man" eats.\tHe sits.\tc\tc#1\tneutral\n'
        "-\t(ROOT)\tA dog.\tA cat.\tc\tc#2\t\n"
    )
    first, second = [row.fields or {} for row in _extract([path], "snli")]
    assert first == {
        "pair_id": "c#1",
        "premise": 'A "man" eats.',
        "hypothesis": "He sits.",
        "label": "neutral",
        "genre": "",
        "split": "test",
    }
    assert second["label"] == "-"


def _parquet(path: Path, **others: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([_pair(**others)]).to_parquet(path)
    return path


def _extract_folder(folder: Path, **options: Any) -> list[RawRow]:
    files = locate_files(find_source("parquet"), str(folder), folder, [folder])
    return _extract(files, "parquet", **options)


def test_partitions_of_a_parquet_folder_are_columns(tmp_path: Path) -> None:
    for genre in ("__HIVE_DEFAULT_PARTITION__", "news", "travel%20far"):
        _parquet(tmp_path / f"genre={genre}" / "part-0.parquet")
    rows = _extract_folder(tmp_path)
    assert [row.fields["genre"] for row in rows if row.fields] == ["", "news", "travel far"]
    assert [row.place for row in rows] == [
        "genre=__HIVE_DEFAULT_PARTITION__/part-0.parquet:1",
        "genre=news/part-0.parquet:1",
        "genre=travel%20far/part-0.parquet:1",
    ]


def test_partitions_as_pandas_writes_them(tmp_path: Path) -> None:
    frame = pd.DataFrame([_pair(genre=genre, split="dev") for genre in ("x", "ü/=")])
    frame.to_parquet(tmp_path / "pairs", partition_cols=["genre", "split"])
    rows = [row.fields for row in _extract_folder(tmp_path / "pairs") if row.fields]
    assert sorted(row["genre"] for row in rows) == ["x", "ü/="]
    assert {row["split"] for row in rows} == {"validation"}


def test_a_column_of_the_file_wins_over_its_folders_name(tmp_path: Path) -> None:
    _parquet(tmp_path / "genre=folder/label=x/part-0.parquet", genre="file")
    (row,) = _extract_folder(tmp_path, columns={"genre": "genre", "label": "label"})
    assert row.fields and (row.fields["genre"], row.fields["label"]) == ("file", "neutral")


def test_a_partition_can_be_chosen_as_any_column(tmp_path: Path) -> None:
    _parquet(tmp_path / "region=eu/topic=news/part-0.parquet")
    (row,) = _extract_folder(tmp_path, columns={"genre": "topic"}, keep=["region"])
    assert row.fields and (row.fields["genre"], row.fields["region"]) == ("news", "eu")


def test_one_corrupt_part_of_a_folder_is_named(tmp_path: Path) -> None:
    good = _parquet(tmp_path / "genre=news/part-0.parquet")
    bad = tmp_path / "genre=travel/part-0.parquet"
    bad.parent.mkdir()
    bad.write_bytes(good.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"genre=travel/part-0\.parquet cannot be read as Parquet"):
        _extract_folder(tmp_path)


def test_one_part_without_a_column_is_named(tmp_path: Path) -> None:
    _parquet(tmp_path / "a.parquet")
    pd.DataFrame({"premise": ["p"], "hypothesis": ["h"]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet: none of its columns .* hold the label"):
        _extract_folder(tmp_path)


def test_parts_of_different_schemas_are_each_read_by_their_own(tmp_path: Path) -> None:
    for name, columns in (
        ("a", ["premise", "hypothesis", "label"]),
        ("b", ["sentence1", "sentence2", "gold_label"]),
    ):
        pd.DataFrame([["p", "h", "neutral"]], columns=columns).to_parquet(
            tmp_path / f"{name}.parquet"
        )
    rows = _extract_folder(tmp_path)
    assert [row.fields["label"] for row in rows if row.fields] == ["neutral"] * 2
