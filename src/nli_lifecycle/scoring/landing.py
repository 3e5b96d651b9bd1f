"""From files to portions: what can be scored, divided for good, and what is set aside.

How rows are divided follows from the input alone, so that a run that goes on after another one was
killed finds the same portions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.nli.data.ingest import Ingest, LandedPart
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.provenance import sha256_json
from nli_lifecycle.scoring.files import PairFile, read_file
from nli_lifecycle.scoring.parameters import BatchScoringParameters
from nli_lifecycle.scoring.rows import ASIDE, landed_schema, portion_folder, record_batch

#: Name of a landed part's folder; portions are folders in it.
ROWS = "rows"


def land_files(
    files: Sequence[PairFile], store: KeyedStore, parameters: BatchScoringParameters
) -> Ingest:
    """Land files, each as a whole or not at all; one that was landed before is not read again.

    Raises:
        DataError: one cannot be read, or changes while it is.
    """
    parts, new = [], 0
    for number, file in enumerate(files):
        stamp, content = file.stamp(), file.content()
        key = _key(file, content, parameters)
        folder = store.find(key, ROWS)
        if folder is None:
            with store.writing(key, ROWS) as folder:
                _write(file, folder, parameters)
                if file.stamp() != stamp:
                    raise DataError(
                        f"{file.path} changed while it was read. Nothing of it was used. Run "
                        "again when whatever writes it has finished."
                    )
            folder = store.folder / key / ROWS
            new += count_rows(folder)
        parts.append(
            LandedPart(
                number=number,
                key=key,
                source=parameters.source,
                name=file.name,
                origin=str(file.path.absolute()),
                stamp=stamp,
                content=content,
                rows=count_rows(folder),
            )
        )
    return landed(parts, new, parameters, [field.name for field in files[0].kept])


def landed(
    parts: Sequence[LandedPart], new: int, parameters: BatchScoringParameters, kept: Sequence[str]
) -> Ingest:
    """Say what was landed."""
    return Ingest(
        source=parameters.source,
        keep=tuple(kept),
        parts=tuple(parts),
        rows_new=new,
        rows_known=sum(part.rows for part in parts) - new,
    )


def reading_key(parameters: BatchScoringParameters, *others: object) -> str:
    """Identify rows by where they come from, and how they are read and divided."""
    chosen = parameters.model_dump(
        mode="json", exclude={"source_path", "version", "digest", "workers"}
    )
    return sha256_json([chosen, *others])[:24]


def _key(file: PairFile, content: str, parameters: BatchScoringParameters) -> str:
    kept = [[field.name, str(field.type)] for field in file.kept]
    return reading_key(parameters, file.name, kept, file.partition, content)


def count_rows(folder: Path) -> int:
    """Rows of all Parquet files below a folder."""
    return sum(pq.read_metadata(file).num_rows for file in folder.rglob("*.parquet"))


def _write(file: PairFile, folder: Path, parameters: BatchScoringParameters) -> None:
    schema = landed_schema(file.kept)
    with tqdm(desc=f"Reading {file.name}", unit=" rows", delay=3, disable=None, leave=False) as bar:
        portion = Portions(folder, schema, parameters.portion_rows)
        with portion, _Writer(folder / portion_folder(ASIDE), schema) as aside:
            for batch in _batches(file, schema, parameters.max_characters):
                usable = pc.equal(batch["reason"], "")
                portion.write(batch.filter(usable))
                aside.write(batch.filter(pc.invert(usable)))
                bar.update(batch.num_rows)


def _batches(file: PairFile, schema: pa.Schema, longest: int) -> Iterator[pa.RecordBatch]:
    for judged, kept in read_file(file, longest):
        yield record_batch(judged, kept, schema)


class _Writer:
    """A folder with one Parquet file, made at once: one without rows says that there are none."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        folder.mkdir(parents=True)
        self._writer = pq.ParquetWriter(folder / "part.parquet", schema, compression="lz4")

    def write(self, rows: pa.RecordBatch) -> None:
        if rows.num_rows:
            self._writer.write_batch(rows)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()


class Portions:
    """Portions of so many rows each but the last, in the order in which rows come."""

    def __init__(self, folder: Path, schema: pa.Schema, rows: int) -> None:
        self._folder, self._schema, self._rows = folder, schema, rows
        self._number, self._written = 0, 0
        self._writer = _Writer(folder / portion_folder(0), schema)

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows, to as many portions as it takes."""
        while rows.num_rows:
            if self._written == self._rows:
                self._writer.__exit__()
                self._number, self._written = self._number + 1, 0
                self._writer = _Writer(self._folder / portion_folder(self._number), self._schema)
            taken = rows.slice(0, self._rows - self._written)
            self._writer.write(taken)
            self._written += taken.num_rows
            rows = rows.slice(taken.num_rows)

    def __enter__(self) -> Portions:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.__exit__()
