"""What a packed configuration says about itself: which wheel it belongs to, and what was in it.

`make package` writes ``packed.json`` into the archive of ``conf/``. A run from that archive, or
from the folder it was unpacked into, checks both sides before anything else happens.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from nli_lifecycle import __version__
from nli_lifecycle.provenance import PACKAGE

PACKED = "packed.json"


class PackedError(ValueError):
    """A configuration that was packed for other code, or changed since."""


class Packed(BaseModel):
    """What was packed together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(description="version of the wheel")
    code: str = Field(description="sha256 over the files of the package in the wheel")
    files: dict[str, str] = Field(description="path below conf/ → sha256 of the file")
    git: dict[str, str] = Field(description="git_sha and git_dirty of the checkout; may be empty")


def sha256(content: bytes) -> str:
    """Hash a file's content."""
    return hashlib.sha256(content).hexdigest()


def files_hash(files: Iterable[tuple[str, bytes]]) -> str:
    """Hash names and contents, in any order."""
    digest = hashlib.sha256()
    for name, content in sorted(files):
        digest.update(f"{name}\0{sha256(content)}\n".encode())
    return digest.hexdigest()


def installed_hash() -> str:
    """Hash the package that runs, as ``make package`` hashes the one in the wheel."""
    return files_hash(
        (file.relative_to(PACKAGE).as_posix(), file.read_bytes())
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    )


def is_archive(conf_source: str | Path) -> bool:
    """Whether a configuration source is a packed one, by its name, as Kedro decides it."""
    name = str(conf_source)
    return name.endswith((".tar", ".tar.gz", ".tgz")) and Path(name).is_file()


def read_configuration(conf_source: str | Path) -> dict[str, bytes]:
    """Read every file of a configuration.

    Args:
        conf_source: a folder, or an archive that holds one.

    Returns:
        Path below the folder → content; empty where there is neither.
    """
    if is_archive(conf_source):
        with tarfile.open(conf_source) as archive:
            members = [member for member in archive if member.isfile()]
            return {
                PurePosixPath(*PurePosixPath(member.name).parts[1:]).as_posix(): stream.read()
                for member in members
                if (stream := archive.extractfile(member))
            }
    folder = Path(conf_source)
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def verify_packed(files: Mapping[str, bytes]) -> None:
    """Check a packed configuration against its own list and the code that runs.

    A configuration without ``packed.json`` was never packed, and passes. Credentials are never
    packed, and may be added.

    Raises:
        PackedError: it belongs to other code, or a file was changed, added or removed.
    """
    packed = _packed(files)
    if packed is None:
        return
    if (packed.version, packed.code) != (__version__, installed_hash()):
        raise PackedError(
            f"This configuration was packed with version {packed.version} (code "
            f"{packed.code[:12]}), but version {__version__} (code {installed_hash()[:12]}) is "
            "installed. Give the conf archive that was built together with the installed wheel."
        )
    found = {
        name: sha256(content)
        for name, content in files.items()
        if name != PACKED and not PurePosixPath(name).name.startswith("credentials")
    }
    if differing := sorted({name for name, _ in found.items() ^ packed.files.items()}):
        raise PackedError(
            f"The packed configuration was changed: {', '.join(differing)}. Change conf/ in the "
            f"project and run `make package` again, or remove {PACKED} to make it one of your own."
        )


def packed_tags(conf_source: str | Path) -> dict[str, str]:
    """What a run from a packed configuration is tagged with; empty for one that is not.

    Returns:
        ``package_version``, ``package_code``, the commit it was packed from, and for an archive
        ``conf_sha256``, as in ``SHA256SUMS`` beside it.
    """
    packed = _packed(read_configuration(conf_source))
    if packed is None:
        return {}
    tags = {"package_version": packed.version, "package_code": packed.code, **packed.git}
    if is_archive(conf_source):
        tags["conf_sha256"] = sha256(Path(conf_source).read_bytes())
    return tags


def _packed(files: Mapping[str, bytes]) -> Packed | None:
    return Packed.model_validate_json(files[PACKED]) if PACKED in files else None
