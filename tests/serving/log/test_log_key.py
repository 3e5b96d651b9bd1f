"""The key of the hashes."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nli_lifecycle.serving.log.key import KeyUnusable, read_key


def test_it_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    key = read_key(folder, {})
    assert len(key) == 32 and read_key(folder, {}) == key
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == ["key"]


def test_of_processes_that_start_together_all_take_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: read_key(tmp_path, {}), range(64)))
    assert len(keys) == 1


def test_the_variable_wins_and_leaves_no_file(tmp_path: Path) -> None:
    given = read_key(tmp_path, {"NLI_LOG_KEY": "secret"})
    assert given == read_key(tmp_path, {"NLI_LOG_KEY": "secret"})
    assert given != read_key(tmp_path, {"NLI_LOG_KEY": "other"})
    assert not list(tmp_path.iterdir())


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    read_key(tmp_path, {})
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        read_key(tmp_path, {})


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    read_key(tmp_path, {})
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(KeyUnusable, match="5 bytes, not 32"):
        read_key(tmp_path, {})
