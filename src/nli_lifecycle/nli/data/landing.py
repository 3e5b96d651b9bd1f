"""From raw rows to pairs: validate, normalise, and set aside what is no pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pandas as pd

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.pairs import (
    FINGERPRINT_COLUMNS,
    PAIR_COLUMNS,
    DataError,
    fingerprint,
    normalise,
    premise_fingerprint,
)
from nli_lifecycle.nli.data.quarantine import SetAside, pair_excerpt, quarantine_frame, too_many
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.parameters import DataParameters

#: Columns of landed pairs: the pair, its identity, its official split and its origin.
LANDED_COLUMNS: list[str] = [*PAIR_COLUMNS, *FINGERPRINT_COLUMNS, "split", "place"]

#: Without one usable row among so many first ones, the rest is not read.
FIRST_LOOK = 5_000

#: How files say that the annotators agreed on no label.
_NO_LABEL = frozenset({"", "-", "-1"})


def land_pairs(
    rows: Iterable[RawRow],
    source: str,
    parameters: DataParameters,
    further_labels: Mapping[str, str] = MappingProxyType({}),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep every row that is a pair, normalised, and quarantine every other with its reason.

    Args:
        rows: raw rows in our own fields.
        source: the source's name, for the column of that name.
        parameters: label map, length limit and share of rows that may be unusable.
        further_labels: what other labels mean, beside the three and the user's own.

    Returns:
        The landed pairs (``LANDED_COLUMNS``, and the columns to be kept) and the quarantine
        (``QUARANTINE_COLUMNS``), both in the order read. Together they have as many rows as
        were read.

    Raises:
        DataError: when there are no rows, or too many cannot be used.
    """
    meanings: dict[str, str] = {label: label for label in LABELS} | dict(further_labels)
    for name, meaning in parameters.options.labels.items():
        meanings[name.strip().lower()] = meaning
    kept: list[tuple[str, ...]] = []
    aside: list[SetAside] = []
    unknown_labels: Counter[str] = Counter()
    rows_read = 0
    for rows_read, row in enumerate(rows, start=1):
        judged = _judge(row, source, parameters, meanings)
        if not isinstance(judged, SetAside):
            kept.append(judged)
            continue
        aside.append(judged)
        if judged.reason == "unknown_label" and row.fields:
            unknown_labels[row.fields["label"].strip()] += 1
        if rows_read == FIRST_LOOK and not kept:
            break
    if not rows_read:
        raise DataError(
            f"source {source!r}: its files hold column names but not one row. "
            "Fetch them again, or set source_path to others."
        )
    if not kept or len(aside) > parameters.max_quarantined_share * rows_read:
        raise too_many(aside, rows_read, unknown_labels)
    columns = [*LANDED_COLUMNS, *parameters.options.keep]
    return pd.DataFrame(kept, columns=columns, dtype=object), quarantine_frame(aside)


def _judge(
    row: RawRow, source: str, parameters: DataParameters, meanings: dict[str, str]
) -> tuple[str, ...] | SetAside:
    """Turn one row into a landed pair, or say why it is none."""
    fields = row.fields
    if fields is None:
        return SetAside(row.place, row.problem or "", row.detail, row.excerpt)
    premise = normalise(fields["premise"])
    hypothesis = normalise(fields["hypothesis"])
    given = fields["label"].strip()
    label = meanings.get(given.lower())
    longest = max(len(premise), len(hypothesis))
    if not premise or not hypothesis:
        reason, detail = "empty_text", f"no {'hypothesis' if premise else 'premise'}"
    elif longest > parameters.max_characters:
        reason = "too_long"
        detail = f"{longest:,} characters, limit {parameters.max_characters:,}"
    elif label is None and given in _NO_LABEL:
        reason, detail = "no_gold_label", f"label {given!r}"
    elif label is None:
        reason, detail = "unknown_label", f"label {given[:40]!r}"
    else:
        return (
            fields["pair_id"],
            premise,
            hypothesis,
            label,
            normalise(fields["genre"]),
            source,
            fingerprint(premise, hypothesis),
            premise_fingerprint(premise),
            fields["split"] if parameters.official_splits else "",
            row.place,
            *(fields.get(name, "") for name in parameters.options.keep),
        )
    return SetAside(row.place, reason, detail, pair_excerpt(premise, hypothesis))
