"""A packed configuration goes with one wheel, and stays what it was."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pytest

from nli_lifecycle import __version__, packed
from nli_lifecycle.packed import PACKED, Packed, PackedError
from nli_lifecycle.packed import packed_tags, read_configuration, sha256, verify_packed
from nli_lifecycle.session import environments

FILES = {"base/a.yml": b"a: 1\n", "dev/globals.yml": b"environment: dev\n"}


@pytest.fixture(autouse=True)
def _code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "installed_hash", lambda: "c" * 64)


def packed_with(**changes: str) -> dict[str, bytes]:
    made = Packed(
        version=changes.get("version", __version__),
        code=changes.get("code", "c" * 64),
        files={name: sha256(content) for name, content in FILES.items()},
        git={"git_sha": "1" * 40, "git_dirty": "false"},
    )
    return FILES | {PACKED: made.model_dump_json().encode()}


def archive(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "conf.tar.gz"
    with tarfile.open(path, "w:gz") as target:
        for name, content in files.items():
            member = tarfile.TarInfo(f"conf/{name}")
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "9.9.9"}, f"packed with version 9.9.9 .* version {re.escape(__version__)} "),
        ({"code": "d" * 64}, "code dddddddddddd.*code cccccccccccc.*is installed"),
    ],
)
def test_a_configuration_of_other_code_is_refused(changes: dict[str, str], said: str) -> None:
    with pytest.raises(PackedError, match=said):
        verify_packed(packed_with(**changes))


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"base/a.yml": b"a: 2\n"}, "base/a.yml"),
        ({"base/b.yml": b"", "dev/c.yml": b""}, "base/b.yml, dev/c.yml"),
    ],
)
def test_a_file_that_was_changed_or_added_is_named(files: dict[str, bytes], named: str) -> None:
    with pytest.raises(PackedError, match=f"was changed: {named}[.] .*make package"):
        verify_packed(packed_with() | files)


def test_a_file_that_was_removed_is_named() -> None:
    files = packed_with()
    del files["base/a.yml"]
    with pytest.raises(PackedError, match="was changed: base/a.yml[.]"):
        verify_packed(files)


def test_what_was_packed_passes_and_so_do_credentials_added_to_it() -> None:
    verify_packed(packed_with())
    verify_packed(packed_with() | {"dev/credentials.yml": b"store: {}\n"})


def test_a_configuration_that_was_never_packed_passes_and_tags_nothing(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/a.yml").write_bytes(b"a: 1\n")
    verify_packed(read_configuration(tmp_path))
    assert packed_tags(tmp_path) == {}


def test_an_archive_reads_as_the_folder_it_was_unpacked_into(tmp_path: Path) -> None:
    path = archive(tmp_path, packed_with())
    with tarfile.open(path) as content:
        content.extractall(tmp_path, filter="data")
    assert read_configuration(path) == read_configuration(tmp_path / "conf") == packed_with()
    assert environments(path) == environments(tmp_path / "conf") == ["dev"]


def test_a_run_is_tagged_with_what_it_came_from(tmp_path: Path) -> None:
    path = archive(tmp_path, packed_with())
    assert packed_tags(path) == {
        "package_version": __version__,
        "package_code": "c" * 64,
        "git_sha": "1" * 40,
        "git_dirty": "false",
        "conf_sha256": sha256(path.read_bytes()),
    }
