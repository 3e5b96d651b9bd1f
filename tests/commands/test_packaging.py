"""What is deployed holds the code as it is, the configuration without secrets, and their hashes."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import click
import pytest
from project import PROJECT

from nli_lifecycle.cli import cli
from nli_lifecycle.commands.package import SOURCES, pack, packable, package
from nli_lifecycle.packed import PACKED, Packed, installed_hash, sha256
from nli_lifecycle.packed import read_configuration, verify_packed


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which an earlier build left files, and people their own."""
    project = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        shutil.copy(PROJECT / name, project)
    without = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in ("src", "conf"):
        shutil.copytree(PROJECT / folder, project / folder, ignore=without)
    for stale in (
        "build/lib/nli_lifecycle/deleted.py",
        "dist/nli_lifecycle-0.0.1-py3-none-any.whl",
    ):
        (project / stale).parent.mkdir(parents=True, exist_ok=True)
        (project / stale).write_text("")
    (project / "src/nli_lifecycle.egg-info").mkdir()
    (project / "src/nli_lifecycle.egg-info/SOURCES.txt").write_text("src/nli_lifecycle/deleted.py")
    private = ("base/credentials.yml", "dev/credentials_db.yml", "local/globals.yml", "dev/.env")
    for name in private:
        (project / "conf" / name).parent.mkdir(exist_ok=True)
        (project / "conf" / name).write_text("password: hunter2\n")
    return project


@pytest.fixture(scope="module")
def made(checkout: Path) -> list[Path]:
    """The wheel and the archive."""
    return pack(checkout, checkout / "dist")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("store: {user: me, password: hunter2}", "store.password"),
        ("uri: postgresql://me:hunter2@host/db", "uri"),
        ("tokens: [{api_key: 'abc'}]", "tokens.api_key"),
    ],
)
def test_a_secret_in_the_configuration_is_refused_and_not_repeated(
    tmp_path: Path, text: str, key: str
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/catalog.yml").write_text(text)
    with pytest.raises(click.ClickException, match=f"in conf/base/catalog.yml: {key}[.]") as said:
        packable(tmp_path)
    assert "hunter2" not in str(said.value) and "abc" not in str(said.value)


def test_a_reference_to_a_secret_is_packed(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/catalog.yml").write_text("password: ${oc.env:PASSWORD}\ntoken: null\n")
    assert list(packable(tmp_path)) == ["base/catalog.yml"]


def test_a_wheel_that_cannot_be_built_is_said(checkout: Path, tmp_path: Path) -> None:
    shutil.copytree(checkout / "conf", tmp_path / "conf")
    (tmp_path / "src").mkdir()
    for name in SOURCES:
        (tmp_path / name).write_text("no TOML")
    with pytest.raises(click.ClickException, match="The wheel cannot be built:\n.*pyproject.toml"):
        pack(tmp_path, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_the_wheel_holds_the_package_and_nothing_that_an_earlier_build_left(
    made: list[Path],
) -> None:
    with zipfile.ZipFile(made[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (said,) = (wheel.read(n).decode() for n in wheel.namelist() if n.endswith("points.txt"))
    src = PROJECT / "src"
    files = (file for file in (src / "nli_lifecycle").rglob("*") if file.is_file())
    assert names == {
        file.relative_to(src).as_posix() for file in files if "__pycache__" not in file.parts
    }
    assert "nli-job = nli_lifecycle.job:main" in said


def test_the_archive_holds_every_layer_and_nothing_private(made: list[Path]) -> None:
    with tarfile.open(made[1]) as archive:
        names = archive.getnames()
        said = b"".join(archive.extractfile(name).read() for name in names)  # type: ignore
    assert {"conf/base/mlflow.yml", "conf/prod/globals.yml", f"conf/{PACKED}"} <= set(names)
    assert not [name for name in names if "credentials" in name or "local" in name or "/." in name]
    assert b"hunter2" not in said


def test_only_what_belongs_together_is_left_with_its_hashes(
    made: list[Path], checkout: Path
) -> None:
    assert {file.name for file in (checkout / "dist").iterdir()} == {
        "SHA256SUMS",
        *(file.name for file in made),
    }
    assert [file.name.removesuffix(".tar.gz").split("-")[1] for file in made] == [
        made[0].name.split("-")[1],
        "nli_lifecycle",
    ]
    lines = (checkout / "dist/SHA256SUMS").read_text().splitlines()
    assert lines == [f"{sha256(file.read_bytes())}  {file.name}" for file in made]


def test_the_archive_says_which_code_it_belongs_to(made: list[Path]) -> None:
    files = read_configuration(made[1])
    packed = Packed.model_validate(json.loads(files[PACKED]))
    assert packed.code == installed_hash()
    verify_packed(files)


def test_the_same_files_give_the_same_bytes(
    made: list[Path], checkout: Path, tmp_path: Path
) -> None:
    again = pack(checkout, tmp_path / "dist")
    assert [sha256(file.read_bytes()) for file in again] == [
        sha256(file.read_bytes()) for file in made
    ]


def test_kedro_package_is_the_same_command() -> None:
    assert cli.commands["package"] is package
