"""data_engineering run node by node over a folder, as the catalog would: any engine, any crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.datasets.table import StoredTable, TableDataset
from nli_lifecycle.engines.local import LocalEngine
from nli_lifecycle.engines.table import Engine
from nli_lifecycle.parameters import DataParameters
from nli_lifecycle.pipelines.data_engineering import create_pipeline

#: What the next run finds of this one.
CARRIED = {"last_ingest": "ingest", "last_history": "data_history"}

#: Published tables that have no order.
UNORDERED = ["fingerprints", "premise_signatures"]
ORDERED = ["train_pairs", "validation_pairs", "test_pairs", "quarantine"]


class Crash(Exception):
    """The process is gone."""


class DataRun:
    """Runs over one home; documents and tables stay there between runs."""

    def __init__(self, home: Path, engine: Engine | None = None) -> None:
        self.home = home
        self.engine = engine or LocalEngine()
        self.documents: dict[str, Any] = {}

    def __call__(
        self, source: str, path: Path | str, *, crash_after: str | None = None, **data: Any
    ) -> dict[str, Any]:
        """Run the pipeline on a source; returns what it made, published tables as frames."""
        made = self.run(source, path, crash_after=crash_after, **data)
        published = [*ORDERED, *UNORDERED, "settled_rows"]
        return made | {name: self._table(name).load() for name in published}

    def run(
        self, source: str, path: Path | str, *, crash_after: str | None = None, **data: Any
    ) -> dict[str, Any]:
        """Run the pipeline on a source, and leave the tables where they are."""
        made: dict[str, Any] = {
            "raw": RawFolder("dev", self.home / "raw", self.home),
            "engine": self.engine,
            "landed": KeyedStore(self.home / "landed"),
            "params:source": source,
            "params:source_path": str(path),
            "params:data": DataParameters.model_validate(data),
            "last_fingerprints": self._table("fingerprints", lazy=True, optional=True).load(),
        }
        made |= {name: self.documents.get(other) for name, other in CARRIED.items()}
        for node in create_pipeline().nodes:
            outputs = node.run({name: made[name] for name in node.inputs})
            for name, value in outputs.items():
                made[name] = self._store(name, value)
            if node.name == crash_after:
                raise Crash
        return made

    def _store(self, name: str, value: Any) -> Any:
        if hasattr(value, "write") or isinstance(value, pd.DataFrame):
            self._table(name).save(value)
            lazy = not isinstance(value, pd.DataFrame)
            return self._table(name, lazy=lazy).load()
        self.documents[name] = value
        return value

    def _table(self, name: str, **options: bool) -> TableDataset:
        return TableDataset(filepath=str(self.home / name), **options)


def assert_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Both runs published the same rows, in the same order where there is one."""
    assert left["data_version"] == right["data_version"]
    for name in ORDERED:
        pd.testing.assert_frame_equal(left[name], right[name])
    for name in UNORDERED:
        pd.testing.assert_frame_equal(_sorted(left[name]), _sorted(right[name]))
    assert left["data_report"] == right["data_report"]


def stored(frame: pd.DataFrame, folder: Path, name: str) -> StoredTable:
    """Store a frame, to be opened by an engine."""
    dataset = TableDataset(filepath=str(folder / name), lazy=True)
    dataset.save(frame)
    handle: StoredTable = dataset.load()
    return handle


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(frame.columns[:2])).reset_index(drop=True)
