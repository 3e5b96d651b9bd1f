"""Files as portions: recognised when they have not changed, refused when they change meanwhile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from nli_lifecycle.nli.data.ingest import Portion
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.extraction import FilePlan, extract_rows
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.raw.sources import Source
from nli_lifecycle.parameters import SourceOptions

#: Part of every part's key: parts that an earlier way of reading made are read again.
READER_VERSION = 1


def file_portions(
    plans: Sequence[FilePlan], source: Source, options: SourceOptions
) -> list[Portion]:
    """Make a portion of each planned file.

    Args:
        plans: what ``plan_files`` returned.
        source: the source.
        options: the user's own settings.
    """
    portions = []
    for plan in plans:
        stamp = _stamp(plan.path)
        portions.append(
            Portion(
                source=source.name,
                name=plan.name,
                origin=str(plan.path.absolute()),
                stamp=stamp,
                settings=reading_settings(source, options, plan.name),
                content=partial(_sha256, plan.path),
                rows=partial(_rows, plan, stamp, source, options),
            )
        )
    return portions


def reading_settings(source: Source, options: SourceOptions, name: str) -> str:
    """Everything but its bytes that decides what is read out of a file."""
    # What labels mean is decided later: a corrected map reads nothing again.
    chosen = options.model_dump(mode="json", exclude={"labels"})
    settings = [READER_VERSION, source.name, name, chosen]
    return json.dumps(settings, sort_keys=True, ensure_ascii=True)


def _rows(plan: FilePlan, stamp: str, source: Source, options: SourceOptions) -> Iterator[RawRow]:
    """Read a file; it must still be the one that was planned, and whose bytes were hashed."""
    try:
        yield from extract_rows([plan], source, options)
    except DataError:
        _require_unchanged(plan, stamp)  # rather than corrupt
        raise
    _require_unchanged(plan, stamp)


def _require_unchanged(plan: FilePlan, stamp: str) -> None:
    if _stamp(plan.path) != stamp:
        raise DataError(
            f"{plan.path} changed while it was read. Nothing of it was used. Run again when "
            "whatever writes it has finished; better, let it write under another name and rename."
        )


def _stamp(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} bytes, {state.st_mtime_ns} ns"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
