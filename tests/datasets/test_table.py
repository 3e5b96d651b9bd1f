"""A stored table is the old one or the new one, whatever happens on the way."""

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from kedro.io import DatasetError

from nli_lifecycle.datasets import table as module
from nli_lifecycle.datasets.table import TableDataset
from nli_lifecycle.engines.local import LocalEngine

SCHEMA = pa.schema([("number", pa.int64()), ("text", pa.string())])
OLD = pd.DataFrame({"number": [1, 2], "text": ["a", None]})
NEW = pd.DataFrame({"number": [3], "text": ["b"]})


@pytest.fixture
def dataset(tmp_path: Path) -> TableDataset:
    return TableDataset(filepath=str(tmp_path / "pairs"))


def test_a_missing_table_names_the_command(dataset: TableDataset) -> None:
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="pairs is not here.*--pipelines data_engineering"):
        dataset.load()


def test_frames_and_tables_come_back_as_they_were(dataset: TableDataset) -> None:
    dataset.save(OLD)
    pd.testing.assert_frame_equal(dataset.load(), OLD)
    dataset.save(LocalEngine().from_pandas(NEW, SCHEMA))
    pd.testing.assert_frame_equal(dataset.load(), NEW)


def test_a_frame_without_rows_keeps_its_columns(dataset: TableDataset) -> None:
    dataset.save(OLD[:0])
    assert list(dataset.load().columns) == ["number", "text"] and dataset.load().empty


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", ["while writing", "before the pointer", "after the pointer"])
def test_killed_at_any_step_the_table_is_whole_and_the_next_save_tidies_up(
    dataset: TableDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    dataset.save(OLD)

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        # A killed process tidies nothing up.
        patch.setattr(module.shutil, "rmtree", lambda *_, **__: None)
        if step == "while writing":
            patch.setattr(module.LocalEngine, "from_pandas", lambda *_: Half())
        elif step == "before the pointer":
            patch.setattr(module, "_replace", killed)
        else:
            patch.setattr(module.Path, "glob", killed)
        with pytest.raises(Killed):
            dataset.save(NEW)
    expected = NEW if step == "after the pointer" else OLD
    pd.testing.assert_frame_equal(dataset.load(), expected)
    dataset.save(NEW)
    pd.testing.assert_frame_equal(dataset.load(), NEW)
    assert len(list((tmp_path / "pairs").glob("v-*"))) == 1


@pytest.mark.parametrize("step", ["writing", "pointer", "pointer replaced"])
@pytest.mark.parametrize("before", [None, OLD])
def test_an_error_at_any_step_leaves_a_whole_table_and_nothing_else(
    dataset: TableDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    before: pd.DataFrame | None,
) -> None:
    if before is not None:
        dataset.save(before)
    replace = os.replace

    def interrupted(source: Path, target: Path) -> None:
        if step == "pointer replaced":
            replace(source, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "writing":
            patch.setattr(module.LocalEngine, "from_pandas", lambda *_: Half())
        else:
            patch.setattr(module.os, "replace", interrupted)
        with pytest.raises((Killed, KeyboardInterrupt)):
            dataset.save(NEW)
    expected = NEW if step == "pointer replaced" else before
    if expected is None:
        assert not dataset.exists()
    else:
        pd.testing.assert_frame_equal(dataset.load(), expected)
    dataset.save(NEW)
    pd.testing.assert_frame_equal(dataset.load(), NEW)
    (version,) = (tmp_path / "pairs").glob("v-*")
    assert sorted((tmp_path / "pairs").iterdir()) == [tmp_path / "pairs/current.json", version]


@pytest.mark.parametrize("lazy", [False, True])
def test_a_version_removed_by_hand_is_missing_and_not_taken_for_one_without_rows(
    dataset: TableDataset, tmp_path: Path, lazy: bool
) -> None:
    dataset.save(OLD)
    (version,) = (tmp_path / "pairs").glob("v-*")
    shutil.rmtree(version)
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="pairs is not here"):
        TableDataset(filepath=str(tmp_path / "pairs"), lazy=lazy).load()


def test_a_lazy_table_that_is_not_there_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="t is not here.*--pipelines data_engineering"):
        TableDataset(filepath=str(tmp_path / "t"), lazy=True).load()


def test_a_table_can_be_made_of_its_own_last_version(tmp_path: Path) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "t"), lazy=True)
    dataset.save(OLD)
    last = dataset.load().open(LocalEngine(), SCHEMA)
    dataset.save(last.union(LocalEngine().from_pandas(NEW, SCHEMA)))
    both = TableDataset(filepath=str(tmp_path / "t")).load()
    assert both.to_dict("list") == {"number": [1, 2, 3], "text": ["a", None, "b"]}


def test_folders_with_an_equals_sign_are_no_columns(tmp_path: Path) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "run=1" / "t"))
    dataset.save(OLD)
    pd.testing.assert_frame_equal(dataset.load(), OLD)


class Half:
    """A table that dies while it is written."""

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "part-00000.parquet").write_bytes(b"PAR1")
        raise Killed


def test_lazy_tables_are_opened_by_an_engine(tmp_path: Path) -> None:
    TableDataset(filepath=str(tmp_path / "t")).save(OLD)
    stored = TableDataset(filepath=str(tmp_path / "t"), lazy=True).load()
    some = stored.open(LocalEngine(), pa.schema([SCHEMA.field("text")]))
    assert some.to_pandas().to_dict("list") == {"text": ["a", None]}


def test_an_optional_table_that_is_not_there_has_no_rows(tmp_path: Path) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "t"), lazy=True, optional=True)
    opened = dataset.load().open(LocalEngine(), SCHEMA).to_pandas()
    assert list(opened.columns) == SCHEMA.names and opened.empty


def test_preview_shows_the_first_rows(dataset: TableDataset) -> None:
    assert dataset.preview() == {"index": [], "columns": [], "data": []}
    dataset.save(OLD)
    assert dataset.preview(1) == {"index": [0], "columns": ["number", "text"], "data": [[1, "a"]]}
    dataset.save(OLD[:0])
    assert dataset.preview()["data"] == []


def test_preview_shows_bytes_as_text(dataset: TableDataset) -> None:
    """kedro-viz answers in JSON: bytes made its details of this table fail."""
    dataset.save(pd.DataFrame({"signature": [b"\x00\xff\x10"]}))
    assert dataset.preview()["data"] == [["00ff10…"]]
