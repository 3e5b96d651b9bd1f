"""From landed rows to pairs: validate, normalise, identify, and set aside what is no pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import pandas as pd
import pyarrow as pa

from nli_lifecycle.nli.data.landing import land_rows
from nli_lifecycle.nli.data.outcome import OUTCOME, check_outcome, count_outcome
from nli_lifecycle.nli.data.pairs import (
    fingerprint_normalised,
    normalise,
    premise_fingerprint_normalised,
    premise_nodes,
)
from nli_lifecycle.nli.data.quarantine import pair_excerpt
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.schemas import landed_schema
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.splitting import FEEDBACK
from nli_lifecycle.parameters import DataParameters, SourceOptions

#: Without one usable row among so many first ones, the rest is not read.
FIRST_LOOK = 5_000

#: How files say that the annotators agreed on no label.
_NO_LABEL = frozenset({"", "-", "-1"})


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
