"""A table as a folder of Parquet files, replaced as a whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from nli_lifecycle.engines.local import LocalEngine
from nli_lifecycle.engines.table import Engine, Table, parquet_files

#: Names the version that is in force; it is replaced in one step.
POINTER = "current.json"


@dataclass(frozen=True)
class StoredTable:
    """A table at rest: engines open it."""

    folder: Path | None  # None: nothing was stored yet

    def open(self, engine: Engine, schema: pa.Schema) -> Table:
        """Open the table with some of its columns, or a table without rows."""
        return engine.read([self.folder] if self.folder else [], schema)


class TableDataset(AbstractDataset[Any, Any]):
    """An engine's table or a pandas frame ⇄ a folder of Parquet files.

    Each save writes a version of its own beside the one in force, then makes it the one in force
    by replacing one small file, then removes the old one. Killed at any moment, the table is the
    old one or the new one.

    Args:
        filepath: the folder.
        lazy: load a ``StoredTable`` to open with an engine, in place of a pandas frame.
        optional: with ``lazy``: a table that is not there loads as one without rows.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        filepath: str,
        lazy: bool = False,
        optional: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._lazy = lazy
        self._optional = optional
        self.metadata = metadata

    def load(self) -> Any:
        """Read the table, or return its handle.

        Raises:
            DatasetError: there is none.
        """
        version = self._version()
        if version is None and not self._optional:
            raise DatasetError(
                f"{self._filepath} is not here. Run the pipeline that writes it: "
                "`kedro run --pipelines data_engineering`."
            )
        if self._lazy:
            return StoredTable(version)
        files = parquet_files([version] if version else [])
        return pa.concat_tables([pq.read_table(file) for file in files]).to_pandas()

    def save(self, data: Table | pd.DataFrame) -> None:
        """Replace the table."""
        if isinstance(data, pd.DataFrame):
            schema = pa.Schema.from_pandas(data, preserve_index=False)
            data = LocalEngine().from_pandas(data, schema)
        name = f"v-{uuid.uuid4().hex[:12]}"
        folder = self._filepath / name
        try:
            data.write(folder)
            _replace(self._filepath / POINTER, json.dumps({"version": name}))
        except BaseException:
            if self._version() != folder:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        for other in self._filepath.glob("v-*"):
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)
        for unfinished in self._filepath.glob(f".{POINTER}-*"):
            unfinished.unlink(missing_ok=True)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows as kedro-viz shows them."""
        version = self._version()
        for file in parquet_files([version] if version else []):
            batch = next(pq.ParquetFile(file).iter_batches(nrows), None)
            if batch is not None:
                return TablePreview(batch.to_pandas().map(_shown).to_dict(orient="split"))
        return TablePreview({"index": [], "columns": [], "data": []})

    def _version(self) -> Path | None:
        pointer = self._filepath / POINTER
        if not pointer.is_file():
            return None
        version = self._filepath / str(json.loads(pointer.read_text())["version"])
        return version if version.is_dir() else None

    def _exists(self) -> bool:
        return self._version() is not None

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "lazy": self._lazy}


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    unfinished.write_text(text)
    os.replace(unfinished, path)


def _shown(value: Any) -> Any:
    """Bytes as text: kedro-viz answers in JSON, which has none."""
    return f"{value.hex()[:16]}…" if isinstance(value, bytes) else value
