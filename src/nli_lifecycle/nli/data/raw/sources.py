"""Where raw pairs come from: the named sources, their files and the official splits they name."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from nli_lifecycle.nli.data.raw.lines import check_encoding
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.reading import Layout
from nli_lifecycle.parameters import SourceOptions

_CSV = Layout("delimited", delimiter=",", quoting="minimal")
_TSV = Layout("delimited", delimiter="\t", quoting="none")
_JSONL = Layout("jsonl")
_PARQUET = Layout("parquet")

#: What publishers call their splits, in lower case.
_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "development": "validation",
    "trial": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class Source:
    """A source of raw pairs: its files' names and layout, and the splits they name."""

    name: str
    layout: Layout | None  # None: by the file's suffix, as the corpus is published in two forms
    patterns: tuple[str, ...]  # looked for in the raw folder, the first that is there wins
    splits: dict[str, str] = field(default_factory=lambda: _SPLIT_NAMES)
    kind: Literal["files", "hub", "delta", "table"] = "files"


_ALL = (
    Source("sample", _JSONL, ()),
    Source("sick", _TSV, ("SICK*.txt*",)),
    Source("snli", None, ("snli_*.jsonl*", "snli_*.txt*")),
    # MultiNLI's labelled test set was never published: its dev sets are what one tests on.
    Source(
        "multinli",
        None,
        ("multinli_*.jsonl*", "multinli_*.txt*"),
        _SPLIT_NAMES | {"dev": "test", "validation": "test"},
    ),
    Source("csv", _CSV, ("*.csv", "*.csv.gz")),
    Source("tsv", _TSV, ("*.tsv", "*.tsv.gz")),
    Source("jsonl", _JSONL, ("*.jsonl", "*.jsonl.gz")),
    Source("parquet", _PARQUET, ("*.parquet",)),
    Source("delta", _PARQUET, (), kind="delta"),
    Source("table", _PARQUET, (), kind="table"),
    Source("hub", _PARQUET, (), kind="hub"),
)

#: Every source by name.
SOURCES: dict[str, Source] = {source.name: source for source in _ALL}


def find_source(name: str) -> Source:
    """Find a source by its name.

    Args:
        name: what ``source:`` says in the parameters.

    Returns:
        The source.

    Raises:
        DataError: when there is no such source, with the names there are.
    """
    if name in SOURCES:
        return SOURCES[name]
    close = get_close_matches(name, SOURCES, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    raise DataError(f"source: {name!r} is none of {', '.join(SOURCES)}.{guess}")


def layout_of(source: Source, path: Path, options: SourceOptions) -> Layout:
    """Say how one of a source's files is laid out.

    Args:
        source: the source.
        path: the file.
        options: the user's own settings, which win.

    Returns:
        The file's layout.

    Raises:
        DataError: when the encoding is unknown or cannot be read row by row.
    """
    check_encoding(options.encoding)
    layout = source.layout or (_JSONL if ".json" in path.name.lower() else _TSV)
    return replace(
        layout,
        encoding=options.encoding,
        delimiter=options.delimiter or layout.delimiter,
        quoting=options.quoting or layout.quoting,
    )


def split_names(source: Source, options: SourceOptions) -> dict[str, str]:
    """Say which split each of a source's own split names, in lower case, stands for.

    Args:
        source: the source.
        options: the user's own settings, which win.

    Returns:
        Split name in lower case → train, validation or test.
    """
    own = {name.strip().lower(): split for name, split in options.splits.items()}
    return source.splits | own


def split_of_file(path: Path, names: dict[str, str]) -> str:
    """Read the split out of a file's name, as in ``snli_1.0_dev.jsonl``.

    Args:
        path: the file.
        names: split name in lower case → train, validation or test.

    Returns:
        The split, or an empty string when the name says none or several.
    """
    words = re.split(r"[^a-z]+", path.name.lower())
    splits = {names[word] for word in words if word in names}
    return splits.pop() if len(splits) == 1 else ""


def locate_files(
    source: Source, source_path: str | None, folder: Path, bases: Sequence[Path]
) -> list[Path]:
    """Find the files to read.

    Args:
        source: the source.
        source_path: a file or a glob, absolute or relative to one of ``bases``; None for the
            source's files in ``folder``.
        folder: the environment's raw folder.
        bases: folders that a relative ``source_path`` starts from, the first that fits wins.

    Returns:
        At least one file, in a stable order.

    Raises:
        DataError: when there is no such file, or it is a folder.
    """
    if source_path is None:
        for pattern in source.patterns:
            if found := _matches(str(folder / pattern)):
                return found
        raise DataError(
            f"source {source.name!r}: no file {' or '.join(source.patterns)} in {folder}. "
            "Put the published files there, or set source_path to a file or glob."
        )
    tried = list(dict.fromkeys(str(base / Path(source_path).expanduser()) for base in bases))
    for place in tried:
        if found := _matches(place):
            return found
    for place in tried:
        if os.path.isdir(place):
            if source.name == "parquet" and (found := _parquet_parts(place)):
                return found
            raise DataError(
                f"source_path: {place} is a folder. Name its files, for example "
                f"source_path={source_path.rstrip('/')}/{source.patterns[0]}"
            )
    what = "no file matches" if glob.has_magic(source_path) else "there is no file"
    raise DataError(f"source_path: {what} {' or '.join(tried)}.{_neighbours(tried[-1])}")


def _matches(place: str) -> list[Path]:
    """A file by its literal name, brackets and all, or the files that a glob matches."""
    found = [place] if os.path.lexists(place) else sorted(glob.glob(place, recursive=True))
    return [Path(name) for name in found if not os.path.isdir(name)]


def _parquet_parts(place: str) -> list[Path]:
    """A folder's Parquet files, but none of a writer's own such as those in ``_temporary``."""
    if os.path.isdir(os.path.join(place, "_delta_log")):
        raise DataError(
            f"source_path: {place} is a Delta table: some of its files belong to earlier "
            "versions. Set source=delta."
        )
    found = _matches(f"{glob.escape(place)}/**/*.parquet")
    return [path for path in found if not any(map(_hidden, path.relative_to(place).parts))]


def _hidden(name: str) -> bool:
    return name.startswith("_") and "=" not in name


def _neighbours(place: str) -> str:
    parent = os.path.dirname(place)
    names = os.listdir(parent) if os.path.isdir(parent) else []
    close = get_close_matches(os.path.basename(place), names, n=1)
    return f" Did you mean {os.path.join(parent, close[0])}?" if close else ""
