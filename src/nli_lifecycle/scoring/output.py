"""The folder of a scoring's answers: keyed by input and model, filled portion by portion."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from kedro.io import DatasetError

from nli_lifecycle.datasets.document import DocumentDataset
from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.engines.table import parquet_files
from nli_lifecycle.nli.data.ingest import Ingest
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.scoring.documents import Begun, Manifest, fingerprint, listed
from nli_lifecycle.scoring.landing import ROWS, count_rows
from nli_lifecycle.scoring.rows import ASIDE, PORTION, portion_folder
from nli_lifecycle.serving.head import Release

#: Readers of Parquet pass over names that begin with an underscore.
BEGUN, COMPLETE = "_begun.json", "_SUCCESS.json"
SCORES, QUARANTINE = "scores", "quarantine"


class ScoringError(RuntimeError):
    """Pairs cannot be scored as asked; the message says what to do."""


@dataclass(frozen=True)
class Portion:
    """Rows that are scored and written together."""

    name: str
    landed: Path  # folder of its rows

    def rows(self) -> int:
        """How many."""
        return count_rows(self.landed)


@dataclass(frozen=True)
class Output:
    """Where the answers go."""

    folder: Path
    begun: Begun

    @property
    def _store(self) -> KeyedStore:
        return KeyedStore(self.folder)

    def done(self, portion: Portion) -> bool:
        """Whether a portion is there, whole; what is there of one that is not is removed."""
        path = self._store.find(SCORES, portion.name)
        if path is None:
            return False
        if parquet_files([path]) and count_rows(path) == portion.rows():
            return True
        shutil.rmtree(path)  # a store without atomic renaming can leave a part of one
        return False

    def commit(self, portion: Portion, write: Callable[[Path], None]) -> None:
        """Let a portion's folder be written; it appears complete or not at all."""
        with self._store.writing(SCORES, portion.name) as folder:
            write(folder)

    def manifest(self, portions: list[Portion]) -> Manifest | None:
        """The account of all rows; None while there is something left to do."""
        path = self.folder / COMPLETE
        if not path.is_file():
            return None
        if all(map(self.done, portions)):
            manifest: Manifest = _document(path, Manifest).load()
            return manifest
        path.unlink()  # somebody removed what it accounts for
        return None

    def finish(self, ingest: Ingest, portions: list[Portion], store: KeyedStore) -> Manifest:
        """Set the other rows aside, account for every row, and say so.

        Raises:
            ScoringError: the rows do not add up.
        """
        quarantined: Counter[str] = Counter()
        for part in ingest.parts:
            source = _landed(store, part.key) / portion_folder(ASIDE)
            name = portion_folder(f"{part.number:05d}")
            if not self._store.find(QUARANTINE, name):
                with self._store.writing(QUARANTINE, name) as folder:
                    _copy_aside(source, folder)
            quarantined.update(_values(self.folder / QUARANTINE / name, "reason"))
        labels: Counter[str] = Counter({label: 0 for label in LABELS})
        for portion in portions:
            labels.update(_values(self.folder / SCORES / portion.name, "label"))
        aside, scored = quarantined.total(), labels.total()
        if ingest.rows != scored + aside:
            raise ScoringError(
                f"{self.folder}: {ingest.rows:,} rows read, but {scored:,} scored + {aside:,} "
                "quarantined. Somebody else writes into it: remove the folder and run again."
            )
        manifest = Manifest(
            **dict(self.begun),
            files=listed(ingest),
            rows_read=ingest.rows,
            rows_scored=scored,
            rows_quarantined=aside,
            quarantined=dict(quarantined.most_common()),
            labels=dict(labels),
            portions=len(portions),
        )
        _document(self.folder / COMPLETE, Manifest).save(manifest)
        return manifest


def open_output(store: KeyedStore, ingest: Ingest, release: Release) -> Output:
    """Open the folder of these pairs' answers by this model, or go on with it.

    Raises:
        ScoringError: what is there under its name belongs to other pairs or another model.
    """
    found = fingerprint(ingest)
    folder = store.folder / f"{found[:DIGITS]}-{release.digest[:DIGITS]}"
    path = folder / BEGUN
    if not path.is_file():
        if (folder / SCORES).exists():
            raise _foreign(folder, f"it does not say whose it is ({BEGUN} is missing)")
        begun = Begun(input=found, release=release, scored_at=datetime.now(UTC))
        _document(path, Begun).save(begun)
        return Output(folder, begun)
    try:
        begun = _document(path, Begun).load()
    except DatasetError as error:
        raise _foreign(folder, str(error.__cause__)) from error
    if begun.input != found:
        raise _foreign(folder, f"it holds answers to other pairs, {begun.input[:DIGITS]}…")
    if (begun.release.model, begun.release.digest) != (release.model, release.digest):
        raise _foreign(folder, f"it holds answers of {begun.release.model} {begun.release.digest}")
    return Output(folder, begun)


#: Digits of fingerprint and digest in a folder's name.
DIGITS = 16


def portions_of(ingest: Ingest, store: KeyedStore) -> list[Portion]:
    """All portions of an input, in order.

    Raises:
        DataError: the landed rows are gone.
    """
    return [
        Portion(f"{PORTION}={part.number:05d}-{path.name.partition('=')[2]}", path)
        for part in ingest.parts
        for path in sorted(_landed(store, part.key).glob(f"{PORTION}=*"))
        if path.name != portion_folder(ASIDE)
    ]


def _landed(store: KeyedStore, key: str) -> Path:
    folder = store.find(key, ROWS)
    if folder is None:
        raise DataError(f"The landed rows {key} are gone. Run batch_scoring from its beginning.")
    return folder


def _copy_aside(source: Path, folder: Path) -> None:
    folder.mkdir()
    names = ["place", "pair_id", "reason", "detail", "excerpt"]
    for number, file in enumerate(parquet_files([source])):
        pq.write_table(pq.read_table(file, columns=names), folder / f"part-{number:05d}.parquet")


def _values(folder: Path, column: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for file in parquet_files([folder]):
        for batch in pq.ParquetFile(file).iter_batches(columns=[column]):
            counts.update(batch[column].to_pylist())
    return counts


def _document(path: Path, model: type) -> DocumentDataset:
    return DocumentDataset(filepath=str(path), model=f"{model.__module__}.{model.__qualname__}")


def _foreign(folder: Path, what: str) -> ScoringError:
    return ScoringError(
        f"{folder} is in the way: {what}. Nothing was written. Move it elsewhere, then run again."
    )
