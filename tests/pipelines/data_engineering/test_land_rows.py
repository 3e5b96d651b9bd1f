"""Landing: what has not changed is not read again; a part is there whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.engines.local import LocalEngine
from nli_lifecycle.nli.data.ingest import Ingest
from nli_lifecycle.nli.data.judging import FIRST_LOOK
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw import portions
from nli_lifecycle.parameters import DataParameters
from nli_lifecycle.pipelines.data_engineering.landing import land


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
