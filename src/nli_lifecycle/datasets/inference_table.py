"""A table of a lakehouse as the inference log: docs/inference_log.md."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kedro.io import AbstractDataset, DatasetError

if TYPE_CHECKING:
    from nli_lifecycle.inference_table.source import Source
    from nli_lifecycle.monitoring.log import InferenceLog


class InferenceTableDataset(AbstractDataset[None, "InferenceLog"]):
    """A handle on a log in tables; load-only, and nothing is contacted before it is read.

    A table is a place: ``filepath``, a Delta table's folder or URI, or ``table``, a name that
    Spark's catalog knows.

    Args:
        shape: ``payload``: Databricks' inference table, a row per request; ``log``: a table with
            the columns of ``inference_log``.
        filepath: place of the log.
        table: likewise; one of both.
        feedback: place of the labels, with request_id, label and time; None: there are none.
        entities: place of Databricks' ``system.serving.served_entities``, or of a table with these
            columns of it: served_entity_id, entity_name, entity_version. For ``payload``.
        settle_minutes: how long a request may take to reach the table. For ``payload``.
        tokenizer: a ``tokenizer.json``, to find words that the model does not know. For
            ``payload``.
        storage_options: login of Delta tables' storage, as delta-rs names it.
        master: where a Spark session of our own runs; not used on Databricks.
        options: Spark options of that session.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        shape: Literal["payload", "log"],
        filepath: str | None = None,
        table: str | None = None,
        feedback: Mapping[str, str] | None = None,
        entities: Mapping[str, str] | None = None,
        settle_minutes: float = 60,
        tokenizer: str | None = None,
        storage_options: Mapping[str, str] | None = None,
        master: str = "local[*]",
        options: Mapping[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if shape not in ("payload", "log"):
            raise DatasetError(f"shape: {shape!r} is neither payload nor log.")
        self._shape = shape
        self._place = {"filepath": filepath, "table": table}
        self._feedback = feedback
        self._entities = entities
        self._settle = timedelta(minutes=settle_minutes)
        self._tokenizer = tokenizer
        self._storage_options = storage_options
        self._master = master
        self._options = {name: str(value) for name, value in (options or {}).items()}
        self.metadata = metadata
        for place in filter(None, (self._place, feedback, entities)):
            _check(place)

    def load(self) -> InferenceLog:
        """Open the log for reading.

        Raises:
            OSError, ValueError: the tokenizer's file cannot be read, or is none.
        """
        from nli_lifecycle.inference_table.payload_log import PayloadLog
        from nli_lifecycle.inference_table.table_log import TableLog
        from nli_lifecycle.inference_table.words import Words
        from nli_lifecycle.serving.log.vocabulary import Vocabulary

        source = self._open(self._place)
        words = Words(self._open(self._feedback) if self._feedback else None)
        if self._shape == "log":
            return TableLog(source, words)
        entities = self._open(self._entities) if self._entities else None
        vocabulary = Vocabulary.load(Path(self._tokenizer)) if self._tokenizer else None
        return PayloadLog(source, words, entities, self._settle, vocabulary)

    def save(self, data: None) -> None:
        """Refuse: others write the log."""
        raise NotImplementedError("InferenceTableDataset is load-only.")

    def _open(self, place: Mapping[str, str | None]) -> Source:
        from nli_lifecycle.inference_table.source import DeltaSource
        from nli_lifecycle.inference_table.spark_source import SparkSource

        if table := place.get("table"):
            return SparkSource(table, self._master, self._options)
        return DeltaSource(str(place["filepath"]), self._storage_options)

    def _describe(self) -> dict[str, Any]:
        return {"shape": self._shape, **self._place}


def _check(place: Mapping[str, str | None]) -> None:
    given = {name: value for name, value in place.items() if value}
    if len(given) != 1 or given.keys() - {"filepath", "table"}:
        raise DatasetError(
            f"{dict(place)} is no place of a table: give filepath (a Delta table's folder or URI), "
            "or table (its name in Spark's catalog), and not both."
        )
