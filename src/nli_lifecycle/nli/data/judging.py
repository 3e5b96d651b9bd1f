"""From landed rows to pairs: validate, normalise, identify, and set aside what is no pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import pandas as pd
import pyarrow as pa

from nli_lifecycle.nli.data.landing import land_rows
from nli_lifecycle.nli.data.pairs import (
    DataError,
    fingerprint_normalised,
    normalise,
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
        landed: rows with ``landed_schema``.
        parameters: label map and length limit.
        further_labels: what other labels mean, beside the three and the user's own.

    Returns:
        The same rows with ``judged_schema``; ``reason`` is empty for a pair, and for any other
        row the columns of the pair are empty.
    """
    main = _meanings(parameters.options, further_labels)
    feedback = _meanings(parameters.feedback.options, {})
    labels: list[str] = []
    texts: list[tuple[str, str]] = []
    identities: list[tuple[str, str]] = []
    aside: list[tuple[str, str, str]] = []
    columns = ("source", "premise", "hypothesis", "label", *_ASIDE)
    for source, premise, hypothesis, given, *problem in zip(*(landed[name] for name in columns)):
        if not problem[0]:
            meanings = feedback if source == FEEDBACK else main
            premise, hypothesis = normalise(premise), normalise(hypothesis)
            label = meanings.get(given) or meanings.get(given.strip().lower())
            problem = _problem(premise, hypothesis, given.strip(), label, parameters)
        if problem[0]:
            labels.append("")
            texts.append(("", ""))
            identities.append(("", ""))
            aside.append((problem[0], problem[1], problem[2]))
            continue
        labels.append(label or "")
        texts.append((premise, hypothesis))
        premise_fp = premise_fingerprint_normalised(premise)
        identities.append((fingerprint_normalised(premise, hypothesis), premise_fp))
        aside.append(("", "", ""))
    judged = landed.assign(label=labels)
    judged["premise"], judged["hypothesis"] = _columns(texts, 2)
    judged["fingerprint"], judged["premise_fingerprint"] = _columns(identities, 2)
    judged["reason"], judged["detail"], judged["excerpt"] = _columns(aside, 3)
    for name in ("pair_id", "genre", "split", *parameters.options.keep):
        judged[name] = judged[name].fillna("")
    judged["genre"] = [normalise(genre) if genre else "" for genre in judged["genre"]]
    if not parameters.official_splits:
        judged["split"] = ""
    return judged


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
    judged = judge(landed, parameters, further_labels)
    check_outcome(count_outcome(judged), len(judged), source, parameters)
    return judged


_ASIDE = ("reason", "detail", "excerpt")


def _meanings(options: SourceOptions, further_labels: Mapping[str, str]) -> dict[str, str]:
    own = {name.strip().lower(): meaning for name, meaning in options.labels.items()}
    return {label: label for label in LABELS} | dict(further_labels) | own


def _columns(rows: Sequence[tuple[str, ...]], number: int) -> list[list[str]]:
    return [list(column) for column in zip(*rows)] or [[] for _ in range(number)]


def _problem(
    premise: str, hypothesis: str, given: str, label: str | None, parameters: DataParameters
) -> list[str]:
    longest = max(len(premise), len(hypothesis))
    if not premise or not hypothesis:
        reason, detail = "empty_text", f"no {'hypothesis' if premise else 'premise'}"
    elif longest > parameters.max_characters:
        reason = "too_long"
        detail = f"{longest:,} characters, limit {parameters.max_characters:,}"
    elif label is not None:
        return ["", "", ""]
    elif given in _NO_LABEL:
        reason, detail = "no_gold_label", f"label {given!r}"
    else:
        reason, detail = "unknown_label", f"label {given[:40]!r}"
    return [reason, detail, pair_excerpt(premise, hypothesis)]


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
