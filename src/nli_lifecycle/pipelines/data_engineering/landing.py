"""Landing: what is new is read once; what was landed already is not read again."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.engines.local import write_batches
from nli_lifecycle.engines.table import Engine, parquet_files
from nli_lifecycle.nli.data.ingest import Ingest, LandedPart, Portion
from nli_lifecycle.nli.data.judging import FIRST_LOOK, judge_whole
from nli_lifecycle.nli.data.landing import land_rows
from nli_lifecycle.nli.data.outcome import count_outcome
from nli_lifecycle.nli.data.quarantine import too_many
from nli_lifecycle.nli.data.raw.columns import map_columns
from nli_lifecycle.nli.data.raw.extraction import own_fields
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow
from nli_lifecycle.nli.data.raw.sources import find_source, split_names
from nli_lifecycle.nli.data.schemas import landed_schema
from nli_lifecycle.nli.data.splitting import FEEDBACK
from nli_lifecycle.parameters import DataParameters
from nli_lifecycle.provenance import sha256_json

logger = logging.getLogger(__name__)


#: Least number of a part beside a table, whose own numbers of rows are not dense.
AFTER_TABLE = 2**20


def rows_folder(number: int) -> str:
    """Name of a part's folder of Parquet files in the store; positions in them have its number."""
    return f"rows-{number:06d}"


def land(
    raw: RawFolder,
    store: KeyedStore,
    before: Ingest | None,
    engine: Engine,
    source: str,
    source_path: str | None,
    parameters: DataParameters,
) -> Ingest:
    """Land the source, and the feedback where there is some.

    Args:
        raw: the environment's raw folder.
        store: where landed parts are.
        before: what the last run landed; None: nothing.
        engine: reads tables of a platform's catalog; files are read here whatever it is.
        source: name of the source.
        source_path: file, glob or what else the source is found by.
        parameters: how to read.

    Returns:
        What makes up the data set now.

    Raises:
        DataError: when the source cannot be used.
    """
    parts, new = [], 0
    if find_source(source).kind == "table":
        parts.append(_land_table(source_path or "", store, engine, parameters))
        new = parts[0].rows
        portions = []
    else:
        portions = raw.portions(source, source_path, parameters.options)
    feedback = parameters.feedback
    if feedback.path:
        found = raw.portions(feedback.source, feedback.path, feedback.options)
        portions += [replace(portion, source=FEEDBACK) for portion in found]
    landed, new_rows = land_portions(
        portions, before, store, parameters, first=AFTER_TABLE if parts else 0
    )
    parts, new = parts + landed, new + new_rows
    store.keep_only({part.key: rows_folder(part.number) for part in parts})
    ingest = Ingest(
        source=source,
        keep=parameters.options.keep,
        parts=tuple(parts),
        rows_new=new,
        rows_known=sum(part.rows for part in parts) - new,
    )
    logger.info("%s: %s rows read, %s read before.", source, f"{new:,}", f"{ingest.rows_known:,}")
    return ingest


def land_portions(
    portions: Sequence[Portion],
    before: Ingest | None,
    store: KeyedStore,
    parameters: DataParameters,
    first: int = 0,
) -> tuple[list[LandedPart], int]:
    """Land the portions that are not landed yet, each as a whole or not at all.

    Args:
        portions: all of a data set.
        before: what the last run landed.
        store: where parts are.
        parameters: for a first look at the rows.
        first: least number of a part.

    Returns:
        The parts in the order in which they came, and how many rows of them are new.

    Raises:
        DataError: a portion that cannot be read, or that changes while it is.
    """
    known_parts = [part for part in (before.parts if before else ()) if part.number >= first]
    earlier = {part.key: part for part in known_parts if _there(store, part)}
    by_origin = {(part.origin, part.stamp): part for part in earlier.values()}
    number = max((part.number for part in earlier.values()), default=first - 1)
    parts, new_rows = {}, 0
    for portion in portions:
        known = by_origin.get((portion.origin, portion.stamp))
        content = known.content if known else portion.content()
        key = _part_key(portion, content, parameters)
        if key in earlier:
            changed = {"origin": portion.origin, "stamp": portion.stamp}
            parts[key] = earlier[key].model_copy(update=changed)
            continue
        number += 1
        rows = _land(portion, key, number, store, parameters)
        new_rows += rows
        parts[key] = LandedPart(
            number=number,
            key=key,
            source=portion.source,
            name=portion.name,
            origin=portion.origin,
            stamp=portion.stamp,
            content=content,
            rows=rows,
        )
    return sorted(parts.values(), key=lambda part: part.number), new_rows


def _part_key(portion: Portion, content: str, parameters: DataParameters) -> str:
    """Identify a part by what it was read from, and how."""
    keep = list(parameters.options.keep)
    return sha256_json([portion.source, portion.settings, keep, content])[:24]


def _there(store: KeyedStore, part: LandedPart) -> bool:
    return store.find(part.key, rows_folder(part.number)) is not None


def _land(
    portion: Portion, key: str, number: int, store: KeyedStore, parameters: DataParameters
) -> int:
    landed = store.find(key, rows_folder(number))
    if landed:  # by a run that was cut off before it could say so
        return _count(landed)
    rows = portion.rows()
    first = list(islice(rows, FIRST_LOOK))
    if len(first) == FIRST_LOOK:
        _look(first, portion.source, parameters)
    stream = chain(first, rows)
    schema = landed_schema(parameters.options.keep)
    with (
        tqdm(
            stream, desc=f"Reading {portion.name}", unit=" rows", delay=3, disable=None, leave=False
        ) as progress,
        store.writing(key, rows_folder(number)) as folder,
    ):
        batches = land_rows(progress, portion.source, parameters.options.keep, number)
        return write_batches(batches, schema, folder)


def _look(first: list[RawRow], source: str, parameters: DataParameters) -> None:
    """Refuse a file none of whose first rows can be used, before the rest is read."""
    keep = parameters.options.keep
    landed = pa.Table.from_batches(land_rows(first, source, keep), landed_schema(keep))
    outcome = count_outcome(judge_whole(landed.to_pandas(), parameters))
    if not outcome["reason"].eq("").any():
        raise too_many(outcome, len(first), len(first))


def _land_table(
    name: str, store: KeyedStore, engine: Engine, parameters: DataParameters
) -> LandedPart:
    """Land a table of the platform's catalog by the engine, as it is now."""
    table = engine.named_table(name)
    options = parameters.options
    found = [column for column in table.schema.names if column != "position"]
    columns = map_columns(found, options, name, Layout("parquet"))
    names = split_names(find_source("table"), options)
    key = uuid.uuid4().hex[:24]
    function = partial(_own_frame, name, columns, names, options.keep)
    with store.writing(key, rows_folder(0)) as folder:
        table.map(function, landed_schema(options.keep)).in_order("position").write(folder)
        rows = _count(folder)
    return LandedPart(
        number=0,
        key=key,
        source="table",
        name=name,
        origin=name,
        stamp=key,
        content=key,
        rows=rows,
    )


def _count(folder: Path) -> int:
    return sum(pq.read_metadata(file).num_rows for file in parquet_files([folder]))


def _own_frame(
    name: str,
    columns: dict[str, str],
    names: dict[str, str],
    keep: tuple[str, ...],
    frame: pd.DataFrame,
) -> pd.DataFrame:
    positions = frame.pop("position")
    rows = [
        own_fields(RawRow(f"{name}:{position}", fields), columns, "", names)
        for position, fields in zip(positions, _records(frame))
    ]
    batches = land_rows(rows, "table", keep)
    landed = pa.Table.from_batches(batches, landed_schema(keep)).to_pandas()
    return pd.DataFrame(landed).assign(position=positions.to_numpy())


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): value for name, value in record.items()}
        for record in frame.to_dict(orient="records")
    ]
