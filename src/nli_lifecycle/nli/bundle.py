"""A bundle is a folder whose every file is accounted for: sealed once, verified at every opening.

This file's text is copied into each bundle, which verifies itself with it when MLflow loads it, so
it imports only the standard library and PyYAML, and nothing of this project.

The manifest lists path, size and sha256 of every file. Three files that tools rewrite or that name
the machine enter the digest in a canonical form: ``MLmodel`` (only what decides which code runs
survives: flavours and signature, without run ids, times and absolute paths), ``conda.yaml`` and
``python_env.yaml`` (without the versions of Python and its installers).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FORMAT = 1  # of manifest.json; a reader refuses what it does not know
MANIFEST = "manifest.json"
TOLERATED = "registered_model_meta"  # MLflow writes it beside a registered model when loading it
PAYLOAD = "artifacts/bundle"  # where the files that classify lie inside the folder
_ENVIRONMENT = ("conda.yaml", "python_env.yaml")
_INSTALLER_VERSION = re.compile(
    r"^(\s*-? ?(?:python|pip|setuptools|wheel))(?:\s*[:=<>~!]+\s*)'?\d[\w.]*'?$", re.MULTILINE
)


class BundleError(ValueError):
    """A folder that is not the bundle it claims to be."""


@dataclass(frozen=True)
class Bundle:
    """A sealed folder: ``digest`` is its identity, ``manifest`` the account of its files."""

    path: Path
    digest: str
    manifest: Mapping[str, Any]

    @property
    def payload(self) -> Path:
        """Folder of the files that classify: model, tokenizer, settings, probes and code."""
        return self.path / PAYLOAD


def seal(folder: Path) -> Bundle:
    """Write the manifest of a finished folder.

    Args:
        folder: an MLflow model folder, complete.

    Returns:
        The bundle, with its digest.

    Raises:
        BundleError: when the folder is sealed already, or holds what a bundle must not hold.
    """
    folder = Path(folder)
    if (folder / MANIFEST).exists():
        raise BundleError(f"{folder} is sealed already; package the payload into a new folder.")
    manifest = _account(folder)
    (folder / MANIFEST).write_text(_render(manifest), encoding="utf-8")
    return Bundle(folder, manifest["digest"], manifest)


def open_bundle(folder: Path) -> Bundle:
    """Verify every byte of a sealed folder.

    Args:
        folder: a folder that ``seal`` wrote, or a copy, also one that went through MLflow.

    Returns:
        The bundle, with its digest.

    Raises:
        BundleError: naming the file that is missing, unexpected, changed or a link.
    """
    folder = Path(folder)
    text, recorded = _read_manifest(folder)
    found = _account(folder)
    there = {entry["path"]: entry for entry in found["files"]}
    listed = {entry["path"]: entry for entry in recorded["files"]}
    for path in sorted(listed.keys() - there.keys()):
        raise BundleError(f"{folder} is incomplete: {path} is missing. Fetch the bundle again.")
    for path in sorted(there.keys() - listed.keys()):
        raise BundleError(f"{folder} holds {path}, which was not sealed into it. Remove it.")
    for path, entry in there.items():
        if entry != listed[path] or found["exact"].get(path) != recorded["exact"].get(path):
            raise BundleError(
                f"{folder} was altered: {path} is not what was sealed. Fetch the bundle again."
            )
    if text != _render(found):
        raise BundleError(f"{folder} was altered: {MANIFEST} is not as it was sealed.")
    return Bundle(folder, found["digest"], found)


def _account(folder: Path) -> dict[str, Any]:
    """Measure every file of the folder but the manifest itself."""
    files: list[dict[str, Any]] = []
    exact: dict[str, str] = {}
    for name in _names(folder):
        path = folder / name
        if name == "MLmodel":
            content = _canonical_mlmodel(path)
        elif name in _ENVIRONMENT:
            exact[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            content = _canonical_environment(path)
        else:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            files.append({"path": name, "size": path.stat().st_size, "sha256": digest})
            continue
        digest = hashlib.sha256(content).hexdigest()
        files.append({"path": name, "size": len(content), "sha256": digest})
    return {"format": FORMAT, "digest": _digest(files), "files": files, "exact": exact}


def _digest(files: list[dict[str, Any]]) -> str:
    return hashlib.sha256(_compact({"format": FORMAT, "files": files})).hexdigest()


def _names(folder: Path) -> list[str]:
    """Relative paths of all files but the manifest, sorted; refuses links and special files."""
    if not folder.is_dir():
        raise BundleError(f"{folder} is no folder.")
    names = []
    for parent, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise BundleError(f"{folder} holds a link, {relative}; a bundle holds only files.")
            if path.is_dir():
                continue
            if not path.is_file():
                raise BundleError(f"{folder} holds {relative}, which is no regular file.")
            if relative not in (MANIFEST, TOLERATED):
                names.append(relative)
    return sorted(names)


def _canonical_mlmodel(path: Path) -> bytes:
    """What of MLmodel decides which code runs; MLflow rewrites the rest whenever it logs it."""
    try:
        model = yaml.safe_load(path.read_bytes())
        flavors = {name: dict(settings) for name, settings in model["flavors"].items()}
        pyfunc = flavors["python_function"]
        for volatile in ("python_version", "cloudpickle_version"):  # of the packaging machine
            pyfunc.pop(volatile, None)
        pyfunc["model_code_path"] = Path(pyfunc["model_code_path"]).name  # all that MLflow uses
        artifacts = (pyfunc.get("artifacts") or {}).items()
        pyfunc["artifacts"] = {name: artifact["path"] for name, artifact in artifacts}
        return _compact({"flavors": flavors, "signature": model.get("signature")})
    except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise BundleError(
            f"{path} was altered: it describes no pyfunc model ({error!r})."
        ) from None


def _canonical_environment(path: Path) -> bytes:
    """An environment file without the versions of Python and of its installers."""
    return _INSTALLER_VERSION.sub(r"\1", path.read_bytes().decode("utf-8", "replace")).encode()


def _read_manifest(folder: Path) -> tuple[str, dict[str, Any]]:
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(f"{folder} has no {MANIFEST}: it is no sealed bundle.")
    try:
        text = path.read_bytes().decode("utf-8")
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise BundleError(
                f"{path} has format {manifest['format']!r}; this version reads format {FORMAT}."
            )
        if manifest["digest"] != _digest(manifest["files"]):
            raise BundleError(f"{path} was altered: its digest is not that of the files it lists.")
        _ = {entry["path"] for entry in manifest["files"]}, dict(manifest["exact"])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{path} was altered: it cannot be read ({error!r}).") from None
    return text, manifest


def _compact(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _render(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=1, sort_keys=True) + "\n"
