"""Landing: what has not changed is not read again; a part is there whole or not at all."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from nli_lifecycle.datasets import store as stores
from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.engines.local import LocalEngine, LocalTable
from nli_lifecycle.nli.data.ingest import Ingest, LandedPart, Portion
from nli_lifecycle.nli.data.judging import FIRST_LOOK
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw import portions
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.schemas import PART_ROWS, landed_schema
from nli_lifecycle.parameters import DataParameters
from nli_lifecycle.pipelines.data_engineering.landing import land, land_portions, rows_folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose rows are read."""
    names: list[str] = []
    original = portions.extract_rows

    def watched(plans: Any, *others: Any) -> Iterator[Any]:
        names.extend(plan.name for plan in plans)
        return original(plans, *others)

    monkeypatch.setattr(portions, "extract_rows", watched)
    return names


def _csv(path: Path, rows: int = 3, label: str = "neutral") -> Path:
    lines = [f"p{n},h{n},{label}" for n in range(rows)]
    path.write_text("premise,hypothesis,label\n" + "\n".join(lines) + "\n")
    return path


def _land(home: Path, before: Ingest | None = None, **data: Any) -> Ingest:
    raw, store = RawFolder("dev", home, home), KeyedStore(home / "landed")
    parameters = DataParameters.model_validate(data)
    return land(raw, store, before, LocalEngine(), "csv", str(home / "*.csv"), parameters)


def _parts(home: Path) -> set[str]:
    return {folder.parent.name for folder in (home / "landed").glob("*/rows-*")}


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, read: list[str]) -> None:
    _csv(tmp_path / "a.csv")
    first = _land(tmp_path)
    second = _land(tmp_path, first)
    assert read == ["a.csv"]
    assert second.parts == first.parts
    assert (first.rows_new, second.rows_new, second.rows_known) == (3, 0, 3)


def test_a_touched_file_is_known_by_its_bytes(tmp_path: Path, read: list[str]) -> None:
    path = _csv(tmp_path / "a.csv")
    first = _land(tmp_path)
    os.utime(path, ns=(1, 1))
    second = _land(tmp_path, first)
    assert read == ["a.csv"]
    assert second.parts[0].key == first.parts[0].key
    assert second.parts[0].stamp != first.parts[0].stamp


def test_a_changed_file_is_read_anew_and_its_old_rows_are_gone(
    tmp_path: Path, read: list[str]
) -> None:
    path = _csv(tmp_path / "a.csv")
    first = _land(tmp_path)
    _csv(path, rows=5)
    second = _land(tmp_path, first)
    assert read == ["a.csv", "a.csv"]
    assert second.rows == 5
    assert _parts(tmp_path) == {second.parts[0].key}


def test_a_file_that_is_gone_takes_its_rows_along(tmp_path: Path) -> None:
    _csv(tmp_path / "a.csv")
    path = _csv(tmp_path / "b.csv", rows=4)
    first = _land(tmp_path)
    path.unlink()
    second = _land(tmp_path, first)
    assert [part.name for part in second.parts] == ["a.csv"]
    assert _parts(tmp_path) == {second.parts[0].key}


def test_old_parts_keep_their_numbers_and_new_ones_come_after(tmp_path: Path) -> None:
    _csv(tmp_path / "b.csv")
    first = _land(tmp_path)
    _csv(tmp_path / "a.csv", rows=2)
    second = _land(tmp_path, first)
    assert [(part.name, part.number) for part in second.parts] == [("b.csv", 0), ("a.csv", 1)]


def test_other_reading_settings_read_again_and_another_label_map_does_not(
    tmp_path: Path, read: list[str]
) -> None:
    _csv(tmp_path / "a.csv", label="n")
    first = _land(tmp_path)
    second = _land(tmp_path, first, options={"labels": {"n": "neutral"}})
    assert read == ["a.csv"]
    _land(tmp_path, second, options={"encoding": "latin-1"})
    assert read == ["a.csv", "a.csv"]


def test_a_part_removed_by_hand_is_read_again(tmp_path: Path, read: list[str]) -> None:
    _csv(tmp_path / "a.csv")
    first = _land(tmp_path)
    shutil.rmtree(tmp_path / "landed")
    assert _land(tmp_path, first).rows_new == 3
    assert read == ["a.csv", "a.csv"]


def test_a_file_that_grows_while_it_is_read_is_refused_and_nothing_of_it_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _csv(tmp_path / "a.csv")
    original = portions.extract_rows

    def growing(*arguments: Any) -> Iterator[Any]:
        yield from original(*arguments)
        with path.open("a") as file:
            file.write("late,row,neutral\n")

    with monkeypatch.context() as patch:
        patch.setattr(portions, "extract_rows", growing)
        with pytest.raises(DataError, match=r"a\.csv changed while it was read. Nothing of it"):
            _land(tmp_path)
    assert _parts(tmp_path) == set()
    assert _land(tmp_path).rows == 4


def test_broken_off_in_the_middle_the_next_run_goes_on_with_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    _csv(tmp_path / "a.csv")
    _csv(tmp_path / "b.csv")
    original = portions.extract_rows

    def broken(plans: Any, *others: Any) -> Iterator[Any]:
        rows = original(plans, *others)
        yield next(rows)
        if plans[0].name == "b.csv":
            raise KeyboardInterrupt
        yield from rows

    with monkeypatch.context() as patch:
        patch.setattr(portions, "extract_rows", broken)
        with pytest.raises(KeyboardInterrupt):
            _land(tmp_path)
    assert len(_parts(tmp_path)) == 1
    read.clear()
    assert _land(tmp_path).rows == 6
    assert read == ["b.csv"]  # the other one was landed whole


def test_a_hopeless_file_is_given_up_early(tmp_path: Path) -> None:
    _csv(tmp_path / "a.csv", rows=3 * FIRST_LOOK, label="e")
    with pytest.raises(DataError, match=f"of the {FIRST_LOOK:,} rows read"):
        _land(tmp_path)
    assert _parts(tmp_path) == set()


def test_feedback_is_a_source_of_its_own(tmp_path: Path) -> None:
    _csv(tmp_path / "a.csv")
    (tmp_path / "f.jsonl").write_text('{"premise": "p", "hypothesis": "h", "label": "neutral"}\n')
    ingest = _land(tmp_path, feedback={"path": str(tmp_path / "f.jsonl")})
    assert [(part.source, part.rows) for part in ingest.parts] == [("csv", 3), ("feedback", 1)]


def _portion(name: str, stamp: str, content: str = "c", rows: int = 2) -> Portion:
    """A portion whose place in each row says which content it was read from."""

    def read() -> Iterator[RawRow]:
        fields = {"pair_id": "1", "premise": "p", "hypothesis": "h", "label": "neutral"}
        for number in range(rows):
            yield RawRow(f"{content}:{number}", fields | {"genre": "", "split": ""})

    return Portion("csv", name, f"/{name}", stamp, f"settings of {name}", lambda: content, read)


def _untouched(portion: Portion) -> Portion:
    def refuse() -> Any:
        raise AssertionError("read again")

    return replace(portion, content=refuse, rows=refuse)


def _ingest(parts: list[LandedPart]) -> Ingest:
    return Ingest(source="csv", keep=(), parts=tuple(parts), rows_new=0, rows_known=0)


def _rows(home: Path, parts: Sequence[LandedPart]) -> pd.DataFrame:
    folders = [home / "landed" / part.key / rows_folder(part.number) for part in parts]
    return LocalEngine().read(folders, landed_schema(())).to_pandas()


def test_an_unchanged_stamp_reads_neither_rows_nor_bytes(tmp_path: Path) -> None:
    store, data = KeyedStore(tmp_path / "landed"), DataParameters()
    portion = _portion("a", "1")
    parts, new = land_portions([portion], None, store, data)
    assert new == 2
    again, new = land_portions([_untouched(portion)], _ingest(parts), store, data)
    assert (again, new) == (parts, 0)


def test_a_new_stamp_on_old_content_reads_the_bytes_only(tmp_path: Path) -> None:
    store, data = KeyedStore(tmp_path / "landed"), DataParameters()
    parts, _ = land_portions([_portion("a", "1")], None, store, data)
    touched = replace(_untouched(_portion("a", "2")), content=lambda: "c")
    again, new = land_portions([touched], _ingest(parts), store, data)
    assert new == 0 and again == [parts[0].model_copy(update={"stamp": "2"})]
    land_portions([_untouched(_portion("a", "2"))], _ingest(again), store, data)


def test_new_content_is_a_part_with_a_number_of_its_own(tmp_path: Path) -> None:
    store, data = KeyedStore(tmp_path / "landed"), DataParameters()
    parts, _ = land_portions([_portion("a", "1"), _portion("b", "1")], None, store, data)
    changed = [_portion("a", "2", "new", rows=5), _untouched(_portion("b", "1"))]
    after, new = land_portions(changed, _ingest(parts), store, data)
    assert new == 5
    assert [(part.name, part.number, part.rows) for part in after] == [("b", 1, 2), ("a", 2, 5)]
    assert after[0] == parts[1] and after[1].key != parts[0].key
    rows = _rows(tmp_path, after)
    assert rows["place"].tolist() == ["c:0", "c:1", *(f"new:{n}" for n in range(5))]
    assert rows["position"].tolist() == [
        *[PART_ROWS, PART_ROWS + 1],
        *range(2 * PART_ROWS, 2 * PART_ROWS + 5),
    ]


def test_a_part_whose_folder_is_gone_is_read_again(tmp_path: Path) -> None:
    store, data = KeyedStore(tmp_path / "landed"), DataParameters()
    parts, _ = land_portions([_portion("a", "1"), _portion("b", "1")], None, store, data)
    shutil.rmtree(tmp_path / "landed" / parts[0].key)
    both = [_portion("a", "1"), _untouched(_portion("b", "1"))]
    after, new = land_portions(both, _ingest(parts), store, data)
    assert (new, sorted(part.name for part in after)) == (2, ["a", "b"])
    assert len(_rows(tmp_path, after)) == 4


def test_a_part_without_rows(tmp_path: Path) -> None:
    parts, new = land_portions(
        [_portion("a", "1", rows=0)], None, KeyedStore(tmp_path / "landed"), DataParameters()
    )
    assert (new, parts[0].rows) == (0, 0)
    assert _rows(tmp_path, parts).empty


def test_killed_in_the_middle_of_a_part_nothing_of_it_counts_and_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _csv(tmp_path / "a.csv")
    original = portions.extract_rows

    def killed(*arguments: Any) -> Iterator[Any]:
        yield next(original(*arguments))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(portions, "extract_rows", killed)
        patch.setattr(stores.shutil, "rmtree", lambda *_, **__: None)  # kill -9 tidies nothing up
        with pytest.raises(KeyboardInterrupt):
            _land(tmp_path)
    assert _parts(tmp_path) == set()
    after = _land(tmp_path)
    assert after.rows == 3
    left = [folder.name for folder in (tmp_path / "landed").glob("*/*")]
    assert left == [rows_folder(0)]


def test_broken_off_before_another_file_came_first_no_rows_are_stored_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _csv(tmp_path / "b.csv")
    _csv(tmp_path / "c.csv")
    original = portions.extract_rows

    def broken(plans: Any, *others: Any) -> Iterator[Any]:
        if plans[0].name == "c.csv":
            raise KeyboardInterrupt
        return original(plans, *others)

    with monkeypatch.context() as patch:
        patch.setattr(portions, "extract_rows", broken)
        with pytest.raises(KeyboardInterrupt):
            _land(tmp_path)
    _csv(tmp_path / "a.csv")
    after = _land(tmp_path)
    assert [(part.name, part.rows) for part in after.parts] == [
        *[("a.csv", 3), ("b.csv", 3), ("c.csv", 3)]
    ]
    assert len(_rows(tmp_path, after.parts)) == 9
    assert len(list((tmp_path / "landed").glob("*/rows-*"))) == 3


def test_a_file_replaced_after_its_bytes_were_hashed_is_not_landed_under_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _csv(tmp_path / "a.csv")
    original = portions._sha256

    def replaced(file: Path) -> str:
        content = original(file)
        _csv(path, rows=5)
        return content

    with monkeypatch.context() as patch:
        patch.setattr(portions, "_sha256", replaced)
        with pytest.raises(DataError, match=r"a\.csv changed while it was read"):
            _land(tmp_path)
    assert _parts(tmp_path) == set()
    assert _land(tmp_path).rows == 5


def test_one_file_as_source_and_as_feedback_is_two_parts(tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv")
    feedback = {"path": str(path), "source": "csv"}
    first = _land(tmp_path, feedback=feedback)
    assert [(part.source, part.number) for part in first.parts] == [("csv", 0), ("feedback", 1)]
    assert _rows(tmp_path, first.parts)["source"].tolist() == ["csv"] * 3 + ["feedback"] * 3
    second = _land(tmp_path, first, feedback=feedback)
    assert second.parts == first.parts and second.rows_new == 0
    assert [part.source for part in _land(tmp_path, second).parts] == ["csv"]


class Platform(LocalEngine):
    """An engine that has one table in its catalog."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def named_table(self, name: str) -> LocalTable:
        frame = self.frame.assign(position=range(len(self.frame)))
        return self.from_pandas(frame, pa.Schema.from_pandas(frame, preserve_index=False))


def _land_table(home: Path, frame: pd.DataFrame, before: Ingest | None, **data: Any) -> Ingest:
    raw, store = RawFolder("dev", home, home), KeyedStore(home / "landed")
    parameters = DataParameters.model_validate(data)
    return land(raw, store, before, Platform(frame), "table", "main.nli.pairs", parameters)


TABLE = pd.DataFrame({"premise": ["p", "q"], "hypothesis": ["h", None], "label": ["neutral", "n"]})


def test_a_table_is_read_as_it_is_now(tmp_path: Path) -> None:
    first = _land_table(tmp_path, TABLE, None)
    second = _land_table(tmp_path, TABLE[:1], first)
    assert [(part.name, part.rows) for part in first.parts] == [("main.nli.pairs", 2)]
    assert (second.rows, second.rows_new) == (1, 1)
    assert _parts(tmp_path) == {second.parts[0].key}
    rows = _rows(tmp_path, second.parts)
    assert rows[["premise", "place", "position"]].values.tolist() == [["p", "main.nli.pairs:0", 0]]


def test_missing_numbers_of_a_table_are_no_text(tmp_path: Path) -> None:
    numbers = pd.Series([7, None], dtype="Int64")
    frame = TABLE.assign(label=numbers, id=numbers)
    rows = _rows(tmp_path, _land_table(tmp_path, frame, None).parts)
    assert rows["label"].tolist() == ["7", ""]
    assert rows["pair_id"].tolist() == ["7", "main.nli.pairs:1"]


def test_feedback_beside_a_table_has_positions_of_its_own(tmp_path: Path) -> None:
    path = _csv(tmp_path / "f.csv")
    feedback = {"path": str(path), "source": "csv"}
    ingest: Ingest | None = None
    for _ in range(3):
        ingest = _land_table(tmp_path, TABLE, ingest, feedback=feedback)
        assert [part.source for part in ingest.parts] == ["table", "feedback"]
        positions = _rows(tmp_path, ingest.parts)["position"]
        assert positions.is_unique and len(positions) == 5
    assert ingest and (ingest.rows_new, ingest.rows_known) == (2, 3)
