"""Data sets of the Hugging Face Hub, through the ``datasets`` library."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from nli_lifecycle.nli.data.ingest import Portion
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.columns import map_columns
from nli_lifecycle.nli.data.raw.extraction import own_fields
from nli_lifecycle.nli.data.raw.portions import reading_settings
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow
from nli_lifecycle.nli.data.raw.sources import Source, split_names
from nli_lifecycle.parameters import SourceOptions

#: Where the well-known data sets are.
HUB_IDS = {
    "snli": "stanfordnlp/snli",
    "multi_nli": "nyu-mll/multi_nli",
    "anli": "facebook/anli",
    "xnli": "facebook/xnli",
}

#: Rows in memory at a time.
HUB_BATCH = 5_000

#: Splits that are named otherwise; MultiNLI's labelled test set was never published.
_SPLITS = {"validation_matched": "test", "validation_mismatched": "test"}


def hub_portions(source: Source, asked: str | None, options: SourceOptions) -> list[Portion]:
    """Open a data set of the Hub: downloaded once, then in the library's own cache.

    Args:
        source: the source ``hub``.
        asked: ``snli``, ``multi_nli``, ``anli``, ``xnli/<language>``, or
            ``<owner>/<name>[/<configuration>]``.
        options: the user's own settings.

    Returns:
        One portion for each of its splits.

    Raises:
        DataError: no such data set, no network, or the library is missing.
    """
    if not asked:
        raise DataError(
            "source: hub needs the data set in source_path: "
            f"{', '.join(HUB_IDS)}, or <owner>/<name>. xnli also needs a language: xnli/fr."
        )
    path, configuration = _address(asked)
    splits = _load(asked, path, configuration)
    names = split_names(source, options)
    portions = []
    for name, rows in splits.items():
        columns = map_columns(list(rows.column_names), options, asked, Layout("parquet"))
        words = name.lower().split("_")
        named = next((names[word] for word in words if word in names), "")
        split = names.get(name.lower()) or _SPLITS.get(name) or named
        portions.append(
            Portion(
                source=source.name,
                name=f"{asked}/{name}",
                origin=f"hf://datasets/{path}" + (f"/{configuration}" if configuration else ""),
                stamp=str(rows._fingerprint),
                settings=reading_settings(source, options, f"{asked}/{name}"),
                content=partial(str, rows._fingerprint),
                rows=partial(_rows, rows, f"{asked}/{name}", columns, split, names),
            )
        )
    return portions


def _address(asked: str) -> tuple[str, str | None]:
    first, _, rest = asked.partition("/")
    if first in HUB_IDS:
        return HUB_IDS[first], rest or None
    owner, name, *configuration = [*asked.split("/", 2), ""][:3]
    return f"{owner}/{name}".rstrip("/"), (configuration[0] or None) if configuration else None


def _load(asked: str, path: str, configuration: str | None) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            f"source: hub needs the datasets library ({error}). Install it with "
            "`pip install 'nli-lifecycle[hub]'`."
        ) from error
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(path, configuration)
    except Exception as error:  # the library lets through whatever its many layers raise
        offline = f"hf download {path} --repo-type dataset --local-dir {path.split('/')[-1]}"
        raise DataError(
            f"source: hub: {asked} cannot be loaded: {type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else 'no further word'}.\n"
            "Without a network here, fetch it where there is one and read the files:\n"
            f"  {offline}\n"
            "then source=parquet with source_path='<that folder>/**/*.parquet' and, as labels are "
            'numbers in it, data.options.labels: {"0": entailment, "1": neutral, "2": '
            "contradiction}; or for SNLI and MultiNLI as published: source=snli, source=multinli."
        ) from error


def _rows(
    rows: Any, name: str, columns: dict[str, str], split: str, names: dict[str, str]
) -> Iterator[RawRow]:
    labels = getattr(rows.features[columns["label"]], "names", None)
    number = 0
    for batch in rows.with_format("arrow").iter(HUB_BATCH):
        for fields in batch.to_pylist():
            number += 1
            given = fields[columns["label"]]
            if labels and given is not None:
                fields[columns["label"]] = labels[given] if given >= 0 else "-1"
            yield own_fields(RawRow(f"{name}:{number}", fields), columns, split, names)
