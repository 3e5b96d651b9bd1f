"""`kedro package` and `make package`: the wheel, its configuration, and the hashes of both."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import yaml

from nli_lifecycle import __version__
from nli_lifecycle.masking import mask_values
from nli_lifecycle.packed import PACKED, Packed, files_hash, sha256
from nli_lifecycle.provenance import PACKAGE, git_state

#: Beside src/, all that the wheel is built from.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
#: Seconds since 1970 of everything packed, so that the same files give the same bytes: 1980.
EPOCH = 315_532_800


@click.command("package")
@click.pass_obj
def package(metadata: Any) -> None:
    """Build the wheel and the archive of conf/, to be used together."""
    for file in pack(Path(metadata.project_path), Path(metadata.project_path) / "dist"):
        click.echo(f"{sha256(file.read_bytes())}  {file.name}")


def pack(project: Path, target: Path) -> list[Path]:
    """Build what is deployed, in place of what an earlier call built.

    The wheel is built from a copy, as setuptools would put into it what an earlier build left
    behind.

    Args:
        project: folder of the checkout.
        target: folder for the wheel, ``conf-<name>-<version>.tar.gz`` and ``SHA256SUMS``.

    Returns:
        The wheel and the archive.

    Raises:
        click.ClickException: a secret in conf/, or a wheel that cannot be built.
    """
    configuration = packable(project / "conf")
    with TemporaryDirectory() as folder:
        wheel = _build(project, Path(folder))
        packed = Packed(
            version=__version__,
            code=files_hash(_package_in(wheel)),
            files={name: sha256(content) for name, content in configuration.items()},
            git=git_state(project),
        )
        listed = configuration | {PACKED: packed.model_dump_json(indent=2).encode()}
        for old in (*target.glob("*.whl"), *target.glob("conf-*.tar.gz")):
            old.unlink()
        target.mkdir(exist_ok=True)
        made = [
            Path(shutil.copy(wheel, target)),
            target / f"conf-{PACKAGE.name}-{__version__}.tar.gz",
        ]
        made[1].write_bytes(_archive(listed))
    sums = [f"{sha256(file.read_bytes())}  {file.name}\n" for file in made]
    (target / "SHA256SUMS").write_text("".join(sums))
    return made


def packable(conf: Path) -> dict[str, bytes]:
    """Read what of conf/ is packed: YAML and texts, neither credentials nor the layer ``local``.

    Returns:
        Path below conf/ → content.

    Raises:
        click.ClickException: a secret stands in one of the files.
    """
    files = {}
    for file in sorted(conf.rglob("*")):
        name = file.relative_to(conf)
        private = file.name.startswith("credentials") or name.parts[0] == "local"
        hidden = any(part.startswith(".") for part in name.parts)
        if not file.is_file() or private or hidden or file.suffix not in (".yml", ".yaml", ".md"):
            continue
        files[name.as_posix()] = file.read_bytes()
        if file.suffix != ".md" and (found := list(_secrets(yaml.safe_load(file.read_text())))):
            raise click.ClickException(
                f"A secret stands in conf/{name}: {', '.join(found)}. Take it from an environment "
                "variable, ${oc.env:NAME}, and run `make package` again."
            )
    return files


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    """Keys whose values would be masked in a log, and are no references to elsewhere."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, name)
    elif isinstance(value, str) and value and "${" not in value:
        if mask_values(value, name.rpartition(".")[2]) != value:
            yield name


def _build(project: Path, folder: Path) -> Path:
    for name in SOURCES:
        shutil.copy(project / name, folder)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
    shutil.copytree(project / "src", folder / "src", ignore=ignored)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation"],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise click.ClickException(f"The wheel cannot be built:\n{last}")
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def _package_in(wheel: Path) -> Iterator[tuple[str, bytes]]:
    prefix = f"{PACKAGE.name}/"
    with zipfile.ZipFile(wheel) as content:
        for name in content.namelist():
            if name.startswith(prefix) and not name.endswith("/"):
                yield name.removeprefix(prefix), content.read(name)


def _archive(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(f"conf/{name}")
            member.size, member.mtime = len(content), EPOCH
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=EPOCH)
