"""From landed rows to pairs: validate, normalise, identify, and set aside what is no pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import pandas as pd
import pyarrow as pa

from nli_lifecycle.nli.data.landing import land_rows
from nli_lifecycle.nli.data.pairs import (
    DataError,
    fingerprint_normalised,
    normalise,
    premise_nodes,
    premise_fingerprint_normalised,
)
from nli_lifecycle.nli.data.quarantine import pair_excerpt, too_many
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.schemas import landed_schema
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.splitting import FEEDBACK
from nli_lifecycle.parameters import DataParameters, SourceOptions

#: Without one usable row among so many first ones, the rest is not read.
FIRST_LOOK = 5_000

#: How files say that the annotators agreed on no label.
_NO_LABEL = frozenset({"", "-", "-1"})

#: Unknown labels that are listed by name.
_LISTED = 50

#: Counts of rows by reason, each with its first row. ``value`` is the label where that is unknown,
#: and of pairs the official split, or ``feedback``.
OUTCOME = pa.schema(
    [
        pa.field("reason", pa.string()),
        pa.field("value", pa.string()),
        pa.field("rows", pa.int64()),
        pa.field("position", pa.int64()),
        pa.field("place", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("excerpt", pa.string()),
    ]
)


def judge(
    landed: pd.DataFrame,
    parameters: DataParameters,
    further_labels: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Judge each row on its own: a pair, normalised and identified, or a reason why it is none.

    Args:
        landed: rows with the columns ``JUDGED_FROM`` names, and those to be kept.
        parameters: label map and length limit.
        further_labels: what other labels mean, beside the three and the user's own.

    Returns:
        As many rows with the columns of ``judged_schema`` that are not handed on as they are:
        ``reason`` is empty for a pair, and for any other row the pair's texts are empty.
    """
    main = _meanings(parameters.options, further_labels)
    feedback = _meanings(parameters.feedback.options, {})
    longest = parameters.max_characters
    given = landed["label"].tolist()
    premises, hypotheses = landed["premise"].tolist(), landed["hypothesis"].tolist()
    reasons, details = landed["reason"].tolist(), landed["detail"].tolist()
    excerpts = landed["excerpt"].tolist()
    labels, pair_fps, premise_fps = ([""] * len(landed) for _ in range(3))
    for row, (source, reason) in enumerate(zip(landed["source"], reasons)):
        label = ""
        if not reason:
            premise, hypothesis = normalise(premises[row]), normalise(hypotheses[row])
            meanings = feedback if source == FEEDBACK else main
            label = meanings.get(given[row]) or meanings.get(given[row].strip().lower(), "")
            if label and 0 < len(premise) <= longest and 0 < len(hypothesis) <= longest:
                premises[row], hypotheses[row], labels[row] = premise, hypothesis, label
                pair_fps[row] = fingerprint_normalised(premise, hypothesis)
                premise_fps[row] = premise_fingerprint_normalised(premise)
                continue
            problem = _problem(premise, hypothesis, given[row].strip(), label, parameters)
            reasons[row], details[row], excerpts[row] = problem
        premises[row] = hypotheses[row] = ""
    columns: dict[str, Any] = {
        "premise": premises,
        "hypothesis": hypotheses,
        "label": labels,
        "genre": landed["genre"].map(_normalised_or_empty),
        "split": landed["split"].fillna("") if parameters.official_splits else "",
        "fingerprint": pair_fps,
        "premise_fingerprint": premise_fps,
        "node": premise_nodes(premise_fps),
        "reason": reasons,
        "detail": details,
        "excerpt": excerpts,
    }
    columns |= {name: landed[name].fillna("") for name in ("pair_id", *parameters.options.keep)}
    return pd.DataFrame(columns, index=landed.index)


#: Columns of landed rows that ``judge`` looks at, beside those to be kept.
JUDGED_FROM = ["pair_id", "premise", "hypothesis", "label", "genre", "source", "split"]
JUDGED_FROM += ["reason", "detail", "excerpt"]


@lru_cache(maxsize=10_000)
def _normalised_or_empty(genre: str | None) -> str:
    return normalise(genre) if genre else ""


def judge_whole(
    landed: pd.DataFrame,
    parameters: DataParameters,
    further_labels: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """``judge`` rows with ``landed_schema``: the same rows with ``judged_schema``."""
    judged = judge(landed, parameters, further_labels)
    return landed.drop(columns=[name for name in judged if name in landed]).join(judged)


def judge_rows(
    rows: Iterable[RawRow],
    source: str,
    parameters: DataParameters,
    further_labels: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Judge raw rows at hand, and refuse them if too few are pairs.

    Args:
        rows: raw rows in our own fields, not more than memory holds.
        source: the source's name.
        parameters: label map, length limit and share of rows that may be unusable.
        further_labels: what other labels mean.

    Returns:
        Rows with ``judged_schema``, one for each raw row.

    Raises:
        DataError: when there are no rows, or too many cannot be used.
    """
    keep = parameters.options.keep
    landed = pa.Table.from_batches(land_rows(rows, source, keep), landed_schema(keep)).to_pandas()
    judged = judge_whole(landed, parameters, further_labels)
    outcome = count_outcome(judged) if len(judged) else pd.DataFrame(columns=OUTCOME.names)
    check_outcome(outcome, len(judged), source, parameters)
    return judged


def _meanings(options: SourceOptions, further_labels: Mapping[str, str]) -> dict[str, str]:
    own = {name.strip().lower(): meaning for name, meaning in options.labels.items()}
    return {label: label for label in LABELS} | dict(further_labels) | own


def _problem(
    premise: str, hypothesis: str, given: str, label: str, parameters: DataParameters
) -> tuple[str, str, str]:
    """Why a row is no pair: its reason, the particulars, its beginning."""
    longest = max(len(premise), len(hypothesis))
    if not premise or not hypothesis:
        reason, detail = "empty_text", f"no {'hypothesis' if premise else 'premise'}"
    elif longest > parameters.max_characters:
        reason = "too_long"
        detail = f"{longest:,} characters, limit {parameters.max_characters:,}"
    elif not label and given in _NO_LABEL:
        reason, detail = "no_gold_label", f"label {given!r}"
    else:
        reason, detail = "unknown_label", f"label {given[:40]!r}"
    return reason, detail, pair_excerpt(premise, hypothesis)


def count_outcome(judged: pd.DataFrame) -> pd.DataFrame:
    """Count a batch's rows by reason, with the first row of each.

    Args:
        judged: what ``judge`` gave.

    Returns:
        Rows with ``OUTCOME``: a few, whatever the size of the batch.
    """
    unknown, usable = judged["reason"].eq("unknown_label"), judged["reason"].eq("")
    value = judged["detail"].where(unknown, "").str.removeprefix("label ")
    value = value.mask(usable, judged["split"].mask(judged["source"].eq(FEEDBACK), FEEDBACK))
    columns = ["reason", "position", "place", "detail", "excerpt"]
    return add_outcomes(judged[columns].assign(value=value, rows=1))


def add_outcomes(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Add up counts of several batches.

    Args:
        outcomes: rows with ``OUTCOME``, in any order.

    Returns:
        One row for each reason, and for each of the most frequent unknown labels.
    """
    first = outcomes.sort_values("position").groupby(["reason", "value"], sort=False)
    summed = first.first().assign(rows=first["rows"].sum()).reset_index()
    summed = summed.sort_values(["rows", "position"], ascending=[False, True])
    rank = summed.groupby("reason").cumcount()
    return summed[rank < _LISTED].reset_index(drop=True)


def check_outcome(
    outcome: pd.DataFrame, rows_read: int, source: str, parameters: DataParameters
) -> None:
    """Refuse a source of which nothing, or too little, can be used.

    Args:
        outcome: counts of the whole source.
        rows_read: rows of the source.
        source: its name.
        parameters: the share of rows that may be unusable.

    Raises:
        DataError: when there are no rows, or too many cannot be used.
    """
    if not rows_read:
        raise DataError(
            f"source {source!r}: its files hold column names but not one row. "
            "Fetch them again, or set source_path to others."
        )
    aside = outcome[outcome["reason"].ne("")]
    kept = int(outcome.loc[outcome["reason"].eq(""), "rows"].sum())
    if not kept or rows_read - kept > parameters.max_quarantined_share * rows_read:
        raise too_many(aside, rows_read, rows_read - kept)
