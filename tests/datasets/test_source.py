"""The raw folder: the user's files where they say, the sample where there are none."""

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nli_lifecycle.datasets import source as module
from nli_lifecycle.datasets.source import RawFolder, RawFolderDataset
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.parameters import SourceOptions

PAIR = {
    "pair_id": "dev-1",
    "premise": "A man eats.",
    "hypothesis": "Nobody eats.",
    "label": "contradiction",
    "genre": "negation",
    "source": "sample",
    "split": "test",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RawFolder:
    """A raw folder that does not exist yet, with a sample corpus of three pairs."""
    monkeypatch.setattr(module, "generate", lambda environment: iter([PAIR] * 3))
    monkeypatch.setattr(module, "SAMPLE_VERSION", "7")
    return RawFolder("dev", tmp_path / "raw", tmp_path)


def _files(folder: RawFolder) -> list[str]:
    return sorted(path.name for path in folder.folder.iterdir())


def test_errors_come_before_the_first_row(folder: RawFolder) -> None:
    for source, path, message in [
        ("sicc", None, "Did you mean 'sick'"),
        ("sick", "nowhere.txt", "there is no file"),
        ("sick", None, "Put the published files there, or set source_path"),
    ]:
        with pytest.raises(DataError, match=message):
            folder.rows(source, path, SourceOptions())


def test_interrupted_sample_leaves_nothing(
    folder: RawFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(environment: str) -> Iterator[dict[str, str]]:
        yield PAIR
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "generate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.rows("sample", None, SourceOptions())
    assert _files(folder) == []


def test_full_disk_is_told_and_leaves_nothing(
    folder: RawFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(environment: str) -> Iterator[dict[str, str]]:
        yield PAIR
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "generate", full)
    with pytest.raises(DataError, match="sample corpus cannot be written.*No space left on device"):
        folder.rows("sample", None, SourceOptions())
    assert _files(folder) == []


def test_a_file_in_the_place_of_the_folder_is_told(folder: RawFolder) -> None:
    folder.folder.write_text("not a folder")
    with pytest.raises(DataError, match=r"cannot be written into .*raw: File exists"):
        folder.rows("sample", None, SourceOptions())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_write_permission_is_told(folder: RawFolder) -> None:
    folder.folder.mkdir()
    folder.folder.chmod(0o500)
    with pytest.raises(DataError, match=r"cannot be written into .*raw: Permission denied"):
        folder.rows("sample", None, SourceOptions())


def test_sample_is_written_once_and_read_like_any_file(folder: RawFolder) -> None:
    rows = list(folder.rows("sample", None, SourceOptions()))
    assert _files(folder) == ["sample-dev-7.jsonl.gz"]
    assert [row.place for row in rows] == [f"sample-dev-7.jsonl.gz:{n}" for n in (1, 2, 3)]
    expected = {name: value for name, value in PAIR.items() if name != "source"}
    assert rows[0].fields == expected

    path = folder.folder / "sample-dev-7.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(PAIR).encode()))
    assert len(list(folder.rows("sample", None, SourceOptions()))) == 1


def test_the_same_sample_is_the_same_bytes(folder: RawFolder) -> None:
    path = folder.folder / "sample-dev-7.jsonl.gz"
    folder.rows("sample", None, SourceOptions())
    first = path.read_bytes()
    shutil.rmtree(folder.folder)
    folder.rows("sample", None, SourceOptions())
    assert path.read_bytes() == first


def test_environments_that_share_a_folder_have_their_own_samples(folder: RawFolder) -> None:
    folder.rows("sample", None, SourceOptions())
    RawFolder("prod", folder.folder, folder.project).rows("sample", None, SourceOptions())
    assert _files(folder) == ["sample-dev-7.jsonl.gz", "sample-prod-7.jsonl.gz"]


def test_the_users_settings_are_not_for_the_sample(folder: RawFolder) -> None:
    options = SourceOptions.model_validate({"columns": {"premise": "text"}, "encoding": "cp1252"})
    assert len(list(folder.rows("sample", None, options))) == 3


def test_relative_paths_start_here_or_at_the_project(
    folder: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "premise,hypothesis,label\np,h,neutral\n"
    (tmp_path / "project.csv").write_text(content)
    (tmp_path / "here").mkdir()
    (tmp_path / "here/local.csv").write_text(content)
    monkeypatch.chdir(tmp_path / "here")
    for name in ("project.csv", "local.csv", str(tmp_path / "project.csv")):
        assert len(list(folder.rows("csv", name, SourceOptions()))) == 1


def test_dataset_hands_out_the_folder_and_refuses_to_save(tmp_path: Path) -> None:
    dataset = RawFolderDataset(
        environment="dev", filepath=str(tmp_path / "raw"), path=str(tmp_path), metadata={"a": 1}
    )
    assert dataset.load() == RawFolder("dev", tmp_path / "raw", tmp_path)
    assert dataset.metadata == {"a": 1}
    assert "raw" in str(dataset)
    with pytest.raises(Exception, match="Raw data are read-only"):
        dataset.save("rows")  # type: ignore[arg-type]
