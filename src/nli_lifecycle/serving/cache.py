"""Verified versions on this machine, and which of them was served last.

Several processes may share the folder: a version appears and disappears in one step, and what is
done with those that are there is done under one lock. Each process has a workplace in it, which
holds what it is fetching and a mark per version that it uses. A process's lock on its workplace
dies with it; the next one that comes by then sweeps the workplace away.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import uuid
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from nli_lifecycle.nli.bundle import BundleError, open_bundle
from nli_lifecycle.serving.head import BadRelease, HeadReader, Release
from nli_lifecycle.serving.model import Served

logger = logging.getLogger(__name__)

RECORD = "served.json"
WORKPLACE = ".workplace-"
MARK = "uses-"
DIGEST = re.compile(r"[0-9a-f]{64}")
PATIENCE_S = 120  # for another process that loads a version from the same folder


class CacheError(RuntimeError):
    """The cache's folder cannot be used at all; the message says what to do."""


class Cache:
    """The folder ``digest → bundle`` of one registered model.

    Args:
        folder: made where it is missing.
        model: the registered model whose versions it holds.
        keep: versions that stay: those that a process uses, then the most recently used.

    Raises:
        CacheError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, model: str, keep: int) -> None:
        self.folder = folder
        self._model = model
        self._keep = keep
        self._workplace = folder / f"{WORKPLACE}{uuid.uuid4().hex}"
        self._lock = FileLock(folder / ".lock", timeout=PATIENCE_S)
        self._alive = FileLock(f"{self._workplace}.lock", thread_local=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._lock:
                self._alive.acquire()
                self._sweep()
                self._workplace.mkdir()
        except OSError as error:
            raise CacheError(
                f"The cache {folder} cannot be used: {error.strerror or error}. Give this user "
                "access to it, or name another folder in serving.yml (follow.cache)."
            ) from error

    def load(self, release: Release, reader: HeadReader | None) -> Served:
        """Load a version, fetched first where it is not here; its bytes are verified every time.

        Args:
            release: which one.
            reader: where to fetch from; None: only what is here will do.

        Raises:
            BadRelease: its bytes or answers are not what was registered, or it is not here.
            HeadUnavailable: it cannot be fetched at the moment.
            OSError: no space or no permission here.
        """
        if not DIGEST.fullmatch(release.digest):
            raise BadRelease(f"{_name(release)} has no digest that could be one.")
        folder = self.folder / release.digest
        with self._lock:
            fault = _fault(folder, release)
            if fault is None:
                return self._loaded(release, folder)
            if folder.exists() and reader is not None:
                logger.warning("%s It is fetched again.", fault)
                self._drop(folder)
        if reader is None:
            raise BadRelease(fault)
        fetched = self._workplace / release.digest
        shutil.rmtree(fetched, ignore_errors=True)
        reader.fetch(release, fetched)
        with self._lock:
            if folder.exists():  # another process was faster
                shutil.rmtree(fetched, ignore_errors=True)
            else:
                fetched.rename(folder)
            if fault := _fault(folder, release):
                self._drop(folder)
                raise BadRelease(fault)
            return self._loaded(release, folder)

    def last(self) -> Release | None:
        """The release that was served last, by whichever process; None before the first.

        Raises:
            BadRelease: the record is damaged.
            CacheError: the folder belongs to another model.
        """
        path = self.folder / RECORD
        try:
            release = Release(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise BadRelease(
                f"{path}, which names the release that was served last, cannot be read: {error}."
            ) from error
        if release.model != self._model:
            raise CacheError(
                f"The cache {self.folder} holds versions of {release.model}, not of {self._model}. "
                "Give each its own folder in serving.yml (follow.cache)."
            )
        return release

    def remember(self, release: Release, used: Collection[str]) -> None:
        """Record what is served, unless another process serves a later epoch, and drop old ones.

        Args:
            release: what is served.
            used: digests that this process goes on using.

        Raises:
            OSError: no space or no permission.
        """
        with self._lock:
            recorded = None
            with suppress(BadRelease):
                recorded = self.last()
            if recorded is None or recorded.epoch < release.epoch:
                self._write(release)
                recorded = release
            for mark in self._workplace.glob(f"{MARK}*"):
                if mark.name.removeprefix(MARK) not in used:
                    mark.unlink()
            self._prune(recorded.digest)

    def close(self) -> None:
        """Take away what this process has begun to fetch."""
        shutil.rmtree(self._workplace, ignore_errors=True)
        self._alive.release()
        Path(self._alive.lock_file).unlink(missing_ok=True)

    def _loaded(self, release: Release, folder: Path) -> Served:
        served = Served.load(release, folder)
        (self._workplace / f"{MARK}{release.digest}").touch()
        os.utime(folder)
        return served

    def _write(self, release: Release) -> None:
        draft = self._workplace / RECORD
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(release), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / RECORD)

    def _prune(self, recorded: str) -> None:
        self._sweep()
        marks = self.folder.glob(f"{WORKPLACE}*/{MARK}*")
        used = {recorded, *(mark.name.removeprefix(MARK) for mark in marks)}
        there = [path for path in self.folder.iterdir() if DIGEST.fullmatch(path.name)]
        there.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        spare = [path for path in there if path.name not in used]
        for path in spare[max(0, self._keep - (len(there) - len(spare))) :]:
            self._drop(path)

    def _drop(self, folder: Path) -> None:
        """Let a version disappear in one step."""
        bin_ = self._workplace / f"dropped-{uuid.uuid4().hex}"
        folder.rename(bin_)
        shutil.rmtree(bin_, ignore_errors=True)

    def _sweep(self) -> None:
        """Take away what killed processes left."""
        for path in self.folder.glob(f"{WORKPLACE}*.lock"):
            lock = FileLock(path, timeout=0)
            with suppress(Timeout), lock:
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)


def _fault(folder: Path, release: Release) -> str | None:
    """What is wrong with the bytes in a folder, in a sentence; None: nothing."""
    if not folder.exists():
        return f"{_name(release)} is not in the cache {folder.parent}."
    try:
        digest = open_bundle(folder).digest
    except BundleError as error:
        return f"The cached copy of {_name(release)} is damaged: {error}"
    if digest != release.digest:
        return f"{folder} holds other bytes than {_name(release)}: their digest is {digest[:12]}."
    return None


def _name(release: Release) -> str:
    return f"{release.model} version {release.version} ({release.digest[:12]})"
