"""The model store: a folder stands under its key only when complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nli_lifecycle.datasets.store import KeyedStore, KeyedStoreDataset


def test_nothing_is_found_before_and_after_a_failed_write(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    with pytest.raises(RuntimeError, match="disk"):
        with store.writing("k1", "bundle") as folder:
            folder.mkdir()
            (folder / "half").write_text("…")
            raise RuntimeError("disk")
    assert store.find("k1", "bundle") is None
    assert list((tmp_path / "k1").iterdir()) == []


def test_a_finished_folder_is_found_under_its_key_only(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    with store.writing("k1", "bundle") as folder:
        assert store.find("k1", "bundle") is None
        folder.mkdir()
        (folder / "model.onnx").write_bytes(b"graph")
    found = store.find("k1", "bundle")
    assert found is not None and (found / "model.onnx").read_bytes() == b"graph"
    assert store.find("k1", "checkpoint") is None
    assert store.find("k2", "bundle") is None


def test_dataset_loads_the_handle_and_refuses_to_save(tmp_path: Path) -> None:
    dataset = KeyedStoreDataset(filepath=str(tmp_path))
    assert dataset.load() == KeyedStore(tmp_path)
    with pytest.raises(Exception, match="load-only"):
        dataset.save(KeyedStore(tmp_path))


def _fill(store: KeyedStore, key: str) -> Path:
    with store.writing(key, "rows") as folder:
        folder.mkdir()
        (folder / "a.parquet").write_bytes(key.encode())
    return store.folder / key / "rows"


def test_what_is_not_kept_is_removed(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    kept = _fill(store, "k1")
    _fill(store, "k2")
    (tmp_path / "README").write_text("not a key")
    store.keep_only({"k1": "rows", "k3": "rows"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README", "k1"]
    assert (kept / "a.parquet").read_bytes() == b"k1"


def test_what_a_killed_process_left_beside_a_kept_folder_is_removed(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    left = tmp_path / "k1" / ".rows-0123"
    left.mkdir(parents=True)
    (left / "half.parquet").write_bytes(b"PAR1")
    _fill(store, "k1")
    store.keep_only({"k1": "rows"})
    assert [path.name for path in (tmp_path / "k1").iterdir()] == ["rows"]


def test_keeping_nothing_of_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    KeyedStore(tmp_path / "none").keep_only({})
    assert not (tmp_path / "none").exists()


def test_of_a_kept_key_only_one_part_stays(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    _fill(store, "k1")
    with store.writing("k1", "other") as folder:
        folder.mkdir()
    store.keep_only({"k1": "other"})
    assert [path.name for path in (tmp_path / "k1").iterdir()] == ["other"]


def _checkpoint(store: KeyedStore, key: str, age: int) -> Path:
    with store.writing(key, "checkpoint") as folder:
        folder.mkdir()
    os.utime(store.folder / key, (10**9 - age, 10**9 - age))
    return store.folder / key


def test_the_most_recent_keys_stay_and_those_in_use(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    for age, key in enumerate(["new", "middle", "old", "champion"]):
        _checkpoint(store, key, age)
    _fill(store, "fetched")  # has no checkpoint
    store.workplace("cut-off", "checkpoint").mkdir(parents=True)
    os.utime(tmp_path / "cut-off", (0, 0))
    assert store.keep_recent("checkpoint", 3, {"champion", "absent"}) == ["cut-off", "old"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["champion", "fetched", "middle", "new"]


def test_keys_in_use_stay_even_beyond_the_count(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    for age, key in enumerate("abc"):
        _checkpoint(store, key, age)
    assert store.keep_recent("checkpoint", 1, {"b", "c"}) == ["a"]


def test_a_workplace_outlives_a_failure_and_a_half_folder_does_not(tmp_path: Path) -> None:
    store = KeyedStore(tmp_path)
    (store.workplace("k1", "checkpoint") / "progress").mkdir(parents=True)
    (tmp_path / "k1" / ".checkpoint-0123").mkdir()  # of a process that was killed
    with store.writing("k1", "checkpoint") as folder:
        folder.mkdir()
    assert sorted(p.name for p in (tmp_path / "k1").iterdir()) == [
        ".unfinished-checkpoint",
        "checkpoint",
    ]
    store.clear_workplace("k1", "checkpoint")
    store.clear_workplace("k2", "checkpoint")
    assert [p.name for p in (tmp_path / "k1").iterdir()] == ["checkpoint"]
