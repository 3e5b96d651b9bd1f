"""The environment's folder of raw pairs, as a catalog entry."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from nli_lifecycle.nli.data.ingest import Portion
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.delta import delta_portions
from nli_lifecycle.nli.data.raw.extraction import plan_files
from nli_lifecycle.nli.data.raw.hub import hub_portions
from nli_lifecycle.nli.data.raw.portions import file_portions
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.raw.sources import find_source, locate_files
from nli_lifecycle.nli.sample import SAMPLE_VERSION, generate
from nli_lifecycle.parameters import SourceOptions


@dataclass(frozen=True)
class RawFolder:
    """Where an environment's raw pairs lie, and how to get at them."""

    environment: str
    folder: Path
    project: Path  # where relative source paths start, after the working directory

    def portions(
        self, source: str, source_path: str | None, options: SourceOptions
    ) -> list[Portion]:
        """Look at a source, and say what there is to read.

        Args:
            source: name of the source.
            source_path: file or glob, or what else the source is found by; None for the source's
                files in this folder.
            options: the user's own column, label and format settings. They describe the user's
                files, so the sample is read without them.

        Returns:
            At least one portion.

        Raises:
            DataError: when the source, a file or a column is missing.
        """
        chosen = find_source(source)
        if chosen.kind == "hub":
            return hub_portions(chosen, source_path, options)
        if chosen.kind == "delta":
            return delta_portions(chosen, self._resolve(source_path or ""), options)
        if source == "sample":
            files, options = [self._sample()], SourceOptions()
        else:
            bases = (Path.cwd(), self.project)
            files = locate_files(chosen, source_path, self.folder, bases)
        return file_portions(plan_files(files, chosen, options), chosen, options)

    def rows(
        self, source: str, source_path: str | None, options: SourceOptions
    ) -> Iterator[RawRow]:
        """Read a source's rows one by one.

        Raises:
            DataError: as ``portions`` does, at once.
        """
        portions = self.portions(source, source_path, options)
        return chain.from_iterable(portion.rows() for portion in portions)

    def _resolve(self, place: str) -> str:
        """A local folder from where the user stands, or from the project; a URI as it is."""
        for base in (Path.cwd(), self.project):
            if place and (path := base / Path(place).expanduser()).exists():
                return str(path)
        return place

    def _sample(self) -> Path:
        """The generated corpus; written whole or not at all, under its version's name."""
        path = self.folder / f"sample-{self.environment}-{SAMPLE_VERSION}.jsonl.gz"
        if path.exists():
            return path
        unfinished: Path | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                unfinished = Path(file.name)
                # No time stamp: the same corpus is the same bytes, whenever it was written.
                with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                    for pair in generate(self.environment):
                        packed.write(json.dumps(pair, ensure_ascii=False).encode() + b"\n")
            unfinished.chmod(0o644)
            unfinished.replace(path)
        except OSError as error:
            raise DataError(
                f"The sample corpus cannot be written into {self.folder}: {error.strerror}. "
                "Free the disk or its permissions, or set raw_root in globals.yml elsewhere."
            ) from error
        finally:
            if unfinished:
                unfinished.unlink(missing_ok=True)
        return path


class RawFolderDataset(AbstractDataset[None, RawFolder]):
    """Catalog entry of an environment's raw pairs; read-only.

    Args:
        environment: the environment's name, which decides what sample it gets.
        filepath: the folder of raw pairs.
        path: folder from which relative source paths start besides the working directory;
            Kedro makes both absolute, so that they mean the same from anywhere.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        environment: str,
        filepath: str,
        path: str = ".",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._folder = RawFolder(environment, Path(filepath), Path(path))
        self.metadata = metadata

    def load(self) -> RawFolder:
        """Return the folder's handle; nothing is read yet."""
        return self._folder

    def save(self, data: None) -> None:
        """Refuse: raw data are what others gave us."""
        raise NotImplementedError("Raw data are read-only: put files into the folder instead.")

    def _describe(self) -> dict[str, Any]:
        return {
            "environment": self._folder.environment,
            "filepath": str(self._folder.folder),
            "path": str(self._folder.project),
        }
