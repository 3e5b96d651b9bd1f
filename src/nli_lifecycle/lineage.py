"""Which rows a run used: every data set it loads is an MLflow input, with digest and source."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import mlflow
import pandas as pd
from kedro.framework.hooks import hook_impl
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset import Dataset

from nli_lifecycle.nli.data.ingest import Ingest

#: Files of a source that are named one by one; of more, their common digest stands for them.
MOST_PARTS = 20


class RowsDataset(Dataset):
    """Some rows, as MLflow lists them among a run's inputs.

    Args:
        name: the catalog's name, or the file's.
        digest: identifies the rows' content.
        origin: where they are.
        rows: how many.
        facts: what else is worth knowing, such as the data version.
    """

    def __init__(
        self, *, name: str, digest: str, origin: str, rows: int, facts: dict[str, Any]
    ) -> None:
        super().__init__(source=CodeDatasetSource({"origin": origin}), name=name, digest=digest)
        self._profile = {"num_rows": rows, **facts}

    def to_dict(self) -> dict[str, str]:
        """What MLflow stores."""
        return {**super().to_dict(), "profile": json.dumps(self._profile)}

    @property
    def profile(self) -> dict[str, Any]:
        """Rows, and what else is worth knowing."""
        return self._profile


class LineageHook:
    """Logs what catalog entries with ``metadata: {lineage: <context>}`` load, once in a run."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, str]] = {}
        self._logged: set[tuple[str, str]] = set()

    @hook_impl
    def after_catalog_created(self, conf_catalog: dict[str, Any]) -> None:
        self._logged = set()
        self._entries = {
            name: (entry["metadata"]["lineage"], str(entry.get("filepath", "")))
            for name, entry in conf_catalog.items()
            if "lineage" in (entry.get("metadata") or {})
        }

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        run = mlflow.active_run()
        if run is None or dataset_name not in self._entries:
            return
        if (run.info.run_id, dataset_name) in self._logged:
            return
        self._logged.add((run.info.run_id, dataset_name))
        context, place = self._entries[dataset_name]
        found = describe(dataset_name, place, data)
        for rows in found:
            mlflow.log_input(rows, context=context)


def describe(name: str, place: str, data: Any) -> list[RowsDataset]:
    """Describe what was loaded.

    Args:
        name: of the catalog entry.
        place: its file or folder.
        data: pairs with fingerprints, or what was landed.

    Returns:
        One data set, or one for each file.
    """
    if isinstance(data, Ingest):
        return _parts(data)
    return [RowsDataset(name=name, digest=_digest(data), origin=place, rows=len(data), facts={})]


def _parts(ingest: Ingest) -> list[RowsDataset]:
    if len(ingest.parts) > MOST_PARTS:
        contents = sha256("\n".join(sorted(part.content for part in ingest.parts)).encode())
        facts = {"files": len(ingest.parts)}
        return [
            RowsDataset(
                name=ingest.source,
                digest=contents.hexdigest()[:16],
                origin=ingest.parts[0].origin.rpartition("/")[0],
                rows=ingest.rows,
                facts=facts,
            )
        ]
    return [
        RowsDataset(
            name=f"{part.source}: {part.name}",
            digest=sha256(part.content.encode()).hexdigest()[:16],
            origin=part.origin,
            rows=part.rows,
            facts={"version": part.stamp, "content": part.content},
        )
        for part in ingest.parts
    ]


def _digest(pairs: pd.DataFrame) -> str:
    """Identify pairs with their labels, whatever their order."""
    lines = sorted(map(" ".join, zip(pairs["fingerprint"], pairs["label"])))
    return sha256("\n".join(lines).encode()).hexdigest()[:16]
