"""One row on its way to be scored, and why it may have to stay behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from nli_lifecycle.nli.data.quarantine import pair_excerpt
from nli_lifecycle.nli.data.raw.lines import EXCERPT
from nli_lifecycle.nli.labels import LABELS

#: Columns that stand before those handed on, at rest between reading and scoring.
LANDED = ("place", "pair_id", "premise", "hypothesis", "reason", "detail", "excerpt")
#: Columns of an answer, before those handed on.
ANSWER = (
    *("pair_id", "label", *(f"p_{label}" for label in LABELS)),
    *("model_name", "model_version", "model_digest", "model_epoch", "scored_at", "place"),
)
#: Folder names of portions; readers of partitioned Parquet take them for a column.
PORTION = "portion"
#: In place of a portion's number: the rows set aside.
ASIDE = "aside"


def portion_folder(name: int | str) -> str:
    """Name of a portion's folder, the way partitions of Parquet are named."""
    return f"{PORTION}={name:05d}" if isinstance(name, int) else f"{PORTION}={name}"


class Judged(NamedTuple):
    """A row's ``LANDED`` columns: texts to be scored, or empty ones and a reason why not."""

    place: str
    pair_id: str
    premise: str
    hypothesis: str
    reason: str = ""
    detail: str = ""
    excerpt: str = ""


def judge(place: str, pair_id: Any, premise: Any, hypothesis: Any, longest: int) -> Judged:
    """Look at one row: can it be scored?

    Args:
        place: where it stands, such as ``pairs.csv:17``; also its id where it has none.
        pair_id: text or number; None or empty: none.
        premise: text, or its UTF-8 bytes.
        hypothesis: likewise.
        longest: most characters of either.
    """
    name = place
    texts = {"premise": "", "hypothesis": ""}
    try:
        field, value = "pair_id", pair_id
        name = _text(pair_id, number=True) or place
        for field, value in (("premise", premise), ("hypothesis", hypothesis)):
            texts[field] = _text(value)
    except UnicodeDecodeError as error:
        problem = ("undecodable_bytes", f"{field}: byte {error.start + 1} is not utf-8")
        return Judged(place, name, "", "", *problem, ascii(value)[:EXCERPT])
    except UnicodeEncodeError:
        problem = ("invalid_unicode", f"{field} = {ascii(value)[:EXCERPT]}")
        return Judged(place, name, "", "", *problem, ascii(value)[:EXCERPT])
    except TypeError:
        problem = ("wrong_type", f"{field} is of type {type(value).__name__}, not a text")
        return Judged(place, name, "", "", *problem, ascii(value)[:EXCERPT])
    characters = max(map(len, texts.values()))
    missing = [field for field, text in texts.items() if not text.strip()]
    if not missing and characters <= longest:
        return Judged(place, name, **texts)
    reason, detail = "empty_text", f"no {missing[0]}" if missing else ""
    if not missing:
        reason, detail = "too_long", f"{characters:,} characters, limit {longest:,}"
    return Judged(place, name, "", "", reason, detail, pair_excerpt(**texts))


def _text(value: Any, number: bool = False) -> str:
    """Take a value as text that UTF-8 can hold; raises what tells why it is none."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        value.encode("utf-8")
        return value
    if value is None or value != value:  # NaN: a missing number
        return ""
    if number and isinstance(value, (int, float)):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    raise TypeError


def landed_schema(kept: Sequence[pa.Field]) -> pa.Schema:
    """``LANDED``, then the columns handed on."""
    return pa.schema([*(pa.field(name, pa.string()) for name in LANDED), *kept])


def record_batch(
    judged: Sequence[Judged], kept: Sequence[pa.Array], schema: pa.Schema
) -> pa.RecordBatch:
    """Put judged rows and the columns handed on beside each other."""
    columns = [pa.array(values, pa.string()) for values in zip(*judged)]
    return pa.RecordBatch.from_arrays([*columns, *kept], schema=schema)
