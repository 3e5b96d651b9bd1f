"""A folder of results, each under the key of everything that went into it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset


@dataclass(frozen=True)
class KeyedStore:
    """Write-once folders by key: a folder exists under its key only when it is complete."""

    folder: Path

    def find(self, key: str, part: str) -> Path | None:
        """Return the finished folder of ``part``, such as a checkpoint; None without one."""
        path = self.folder / key / part
        return path if path.is_dir() else None

    @contextmanager
    def writing(self, key: str, part: str) -> Iterator[Path]:
        """Give a path to make the folder at; it appears under the key if the block succeeds."""
        final = self.folder / key / part
        final.parent.mkdir(parents=True, exist_ok=True)
        for left in final.parent.glob(f".{part}-*"):  # by a process that was killed
            shutil.rmtree(left)
        unfinished = final.with_name(f".{part}-{uuid.uuid4().hex}")
        try:
            yield unfinished
            unfinished.rename(final)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def workplace(self, key: str, part: str) -> Path:
        """Return a folder for ``part`` while it is being made: it outlives the process."""
        return self.folder / key / f".unfinished-{part}"

    def clear_workplace(self, key: str, part: str) -> None:
        """Remove what was left of making ``part``."""
        shutil.rmtree(self.workplace(key, part), ignore_errors=True)

    def keep_recent(self, part: str, count: int, always: Collection[str]) -> list[str]:
        """Remove keys that have ``part``, finished or not, but for those last written to.

        Args:
            part: such as a checkpoint; keys without it are left alone.
            count: keys to keep.
            always: keys to keep in any case, counted.

        Returns:
            The keys removed.
        """
        found = {
            p.parent
            for name in (part, f".unfinished-{part}")
            for p in self.folder.glob(f"*/{name}")
        }
        by_age = sorted(
            found, key=lambda key: (key.name in always, key.stat().st_mtime), reverse=True
        )
        removed = [key for key in by_age[count:] if key.name not in always]
        for key in removed:
            shutil.rmtree(key)
        return sorted(key.name for key in removed)

    def keep_only(self, parts: Mapping[str, str]) -> None:
        """Remove everything but one part of each of these keys; what was never finished too."""
        for key in self.folder.glob("*/"):
            for part in [key] if key.name not in parts else key.glob("*/"):
                if part.name != parts.get(key.name):
                    shutil.rmtree(part)


class KeyedStoreDataset(AbstractDataset[KeyedStore, KeyedStore]):
    """Catalog entry of a ``KeyedStore``; load-only.

    Args:
        filepath: the folder.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> KeyedStore:
        """Return the store's handle; nothing is read yet."""
        return KeyedStore(self._filepath)

    def save(self, data: KeyedStore) -> None:
        """Refuse: results are written through the handle, under their key."""
        raise NotImplementedError("KeyedStoreDataset is load-only.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
