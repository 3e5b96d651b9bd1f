"""Sources: their names, their files, and the splits that file names say."""

import gzip
from pathlib import Path

import pytest
from pydantic import ValidationError

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.reading import Layout
from nli_lifecycle.nli.data.raw.sources import (
    SOURCES,
    find_source,
    layout_of,
    locate_files,
    split_names,
    split_of_file,
)
from nli_lifecycle.parameters import SourceOptions


def test_unknown_source_lists_the_known_and_guesses() -> None:
    with pytest.raises(DataError, match=r"'snil' is none of sample, sick, .* mean 'snli'\?"):
        find_source("snil")


def test_missing_file_is_named_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "SICK.txt").write_text("x")
    with pytest.raises(DataError, match=r"no file .*SICK\.tx\. Did you mean .*SICK\.txt\?"):
        locate_files(SOURCES["sick"], str(tmp_path / "SICK.tx"), tmp_path, [tmp_path])


def test_glob_without_a_match_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file matches .*\*\.csv"):
        locate_files(SOURCES["csv"], "*.csv", tmp_path, [tmp_path])


def test_folder_is_refused_with_a_glob_to_use(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    with pytest.raises(DataError, match=r"corpus is a folder.*source_path=corpus/\*\.csv"):
        locate_files(SOURCES["csv"], "corpus/", tmp_path, [tmp_path])


def test_nothing_in_the_raw_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file snli_\*\.jsonl\* or snli_\*\.txt\* in "):
        locate_files(SOURCES["snli"], None, tmp_path, [])


def test_one_published_form_is_read_not_both(tmp_path: Path) -> None:
    for name in ("snli_1.0_train.jsonl", "snli_1.0_test.jsonl.gz", "snli_1.0_train.txt"):
        (tmp_path / name).write_text("x")
    files = locate_files(SOURCES["snli"], None, tmp_path, [])
    assert [file.name for file in files] == ["snli_1.0_test.jsonl.gz", "snli_1.0_train.jsonl"]


def test_glob_is_sorted_skips_folders_and_starts_at_the_first_base_that_fits(
    tmp_path: Path,
) -> None:
    for name in ("one/b.csv", "one/a.csv", "two/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "one/folder.csv").mkdir()
    bases = [tmp_path / "none", tmp_path / "one", tmp_path / "two"]
    found = locate_files(SOURCES["csv"], "*.csv", tmp_path, bases)
    assert found == [tmp_path / "one/a.csv", tmp_path / "one/b.csv"]


def test_a_name_with_brackets_is_a_name_first(tmp_path: Path) -> None:
    (tmp_path / "pairs[1].csv").write_text("x")
    found = locate_files(SOURCES["csv"], "pairs[1].csv", tmp_path, [tmp_path])
    assert [file.name for file in found] == ["pairs[1].csv"]


@pytest.mark.parametrize(
    ("source", "name", "split"),
    [
        ("snli", "snli_1.0_train.jsonl", "train"),
        ("snli", "snli_1.0_dev.txt", "validation"),
        ("multinli", "multinli_1.0_dev_matched.jsonl", "test"),
        ("multinli", "multinli_1.0_dev_mismatched.txt", "test"),
        ("csv", "test.csv.gz", "test"),
        ("csv", "latest.csv", ""),
        ("csv", "train_and_test.csv", ""),
    ],
)
def test_split_from_the_file_name(source: str, name: str, split: str) -> None:
    assert split_of_file(Path(name), split_names(SOURCES[source], SourceOptions())) == split


def test_the_users_split_names_win() -> None:
    options = SourceOptions.model_validate({"splits": {"Dev": "test", "seen": "train"}})
    names = split_names(SOURCES["snli"], options)
    assert (names["dev"], names["seen"], names["test"]) == ("test", "train", "test")


@pytest.mark.parametrize(
    ("source", "name", "layout"),
    [
        ("sick", "SICK.txt.gz", Layout("delimited", "\t", "none")),
        ("snli", "snli_1.0_dev.jsonl.gz", Layout("jsonl")),
        ("multinli", "multinli_1.0_train.txt", Layout("delimited", "\t", "none")),
        ("csv", "pairs.csv", Layout("delimited", ",", "minimal")),
        ("parquet", "pairs.parquet", Layout("parquet")),
    ],
)
def test_layout(source: str, name: str, layout: Layout) -> None:
    assert layout_of(SOURCES[source], Path(name), SourceOptions()) == layout


def test_the_users_layout_wins() -> None:
    options = SourceOptions.model_validate(
        {"encoding": "cp1252", "delimiter": ";", "quoting": "none"}
    )
    layout = layout_of(SOURCES["csv"], Path("pairs.csv"), options)
    assert layout == Layout("delimited", ";", "none", "cp1252")


@pytest.mark.parametrize(
    "options",
    [
        {"labels": {"e": "entails"}},
        {"splits": {"dev": "dev"}},
        {"columns": {"premis": "a"}},
        {"delimiter": ";;"},
        {"quoting": "all"},
    ],
)
def test_options_with_a_typo_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SourceOptions.model_validate(options)


def test_ids_in_yaml_are_texts() -> None:
    options = SourceOptions.model_validate({"labels": {0: "entailment"}})
    assert options.labels == {"0": "entailment"}


def test_gzip_suffix_does_not_hide_the_format(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"a"))
    assert locate_files(SOURCES["csv"], None, tmp_path, []) == [tmp_path / "x.csv.gz"]


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_a_folder_of_parquet_is_all_its_parts_but_a_writers_own(tmp_path: Path) -> None:
    parts = ["_year=2024/c.parquet", "a.parquet", "genre=x/b.parquet"]
    writers = ["_SUCCESS", "_temporary/0/b.parquet", ".a.parquet.crc", ".part/a.parquet"]
    _touch(tmp_path / "pairs[1]", *parts, *writers)
    found = locate_files(SOURCES["parquet"], "pairs[1]", tmp_path, [tmp_path])
    assert [file.relative_to(tmp_path / "pairs[1]").as_posix() for file in found] == parts


def test_a_folder_without_parquet_is_refused(tmp_path: Path) -> None:
    _touch(tmp_path / "pairs", "a.csv")
    with pytest.raises(DataError, match=r"pairs is a folder.*source_path=pairs/\*\.parquet"):
        locate_files(SOURCES["parquet"], "pairs", tmp_path, [tmp_path])


def test_a_delta_table_is_not_read_as_loose_parquet(tmp_path: Path) -> None:
    _touch(tmp_path / "pairs", "_delta_log/00.json", "old.parquet", "new.parquet")
    with pytest.raises(DataError, match="pairs is a Delta table: .* Set source=delta"):
        locate_files(SOURCES["parquet"], "pairs", tmp_path, [tmp_path])
