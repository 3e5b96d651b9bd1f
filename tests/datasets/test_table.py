"""A stored table is the old one or the new one, whatever happens on the way."""

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
