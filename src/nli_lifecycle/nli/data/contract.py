"""What a data set must be like: checks of values by pandera, limits on what the tally says."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.quality import DataReport
from nli_lifecycle.nli.data.tally import Tally
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.parameters import Contract, Limits

#: Rows that break a check, and the first of them.
VIOLATIONS = pa.schema(
    [
        pa.field("check", pa.string()),
        pa.field("rows", pa.int64()),
        pa.field("position", pa.int64()),
        pa.field("place", pa.string()),
        pa.field("value", pa.string()),
    ]
)


class Version(BaseModel):
    """A version of the data, as far as a later one is compared with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_version: str
    tally: Tally


class History(BaseModel):
    """The present version of the data, and the last one that differs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    current: Version
    previous: Version | None


def remember(history: History | None, current: Version) -> History:
    """Put a version into the history; the same one again changes nothing."""
    if history is None:
        return History(current=current, previous=None)
    same = history.current.data_version == current.data_version
    return History(current=current, previous=history.previous if same else history.current)


def find_violations(checks: str, pairs: pd.DataFrame) -> pd.DataFrame:
    """Check the values of a batch of pairs.

    Args:
        checks: the user's schema, ``package.module:schema``.
        pairs: rows with ``judged_schema``.

    Returns:
        Rows with ``VIOLATIONS``, one for each check that fails.
    """
    from pandera.errors import SchemaErrors

    rows = pairs.reset_index(drop=True)
    try:
        load_checks(checks).validate(rows, lazy=True)
    except SchemaErrors as error:
        return _violations(error.failure_cases, rows)
    return pd.DataFrame(columns=VIOLATIONS.names)


def check_contract(
    contract: Contract, report: DataReport, history: History, violations: pd.DataFrame
) -> list[str]:
    """Hold a data set against its contract.

    Args:
        contract: its limits.
        report: the data report.
        history: the present version and the last one.
        violations: rows with ``VIOLATIONS`` of the whole data set.

    Returns:
        What is to be warned of, a sentence each.

    Raises:
        DataError: a check fails, or a limit under ``fail`` is broken; names each.
    """
    broken = [
        f"{check}: {int(part['rows'].sum()):,} rows, first at {first['place']}: {first['value']}"
        for check, part in violations.groupby("check")
        for first in [part.sort_values("position").iloc[0]]
    ]
    broken += _broken(contract.fail, report, history)
    if broken:
        raise DataError(
            "The data break their contract:\n  "
            + "\n  ".join(broken)
            + "\nMend the data, or change data.contract in this environment's parameters_data.yml."
        )
    return _broken(contract.warn, report, history)


def _broken(limits: Limits, report: DataReport, history: History) -> list[str]:
    tally = history.current.tally
    labels = _shares({label: _sum(tally.labels, label) for label in LABELS})
    least = min(labels, key=lambda label: labels[label])
    medians = max(report.premise_words.median, report.hypothesis_words.median)
    found: list[tuple[str, float, float | None, bool]] = [
        ("minimum_pairs: pairs kept", report.rows_kept, limits.minimum_pairs, False),
        (f"label_share: share of {least}", labels[least], limits.label_share, False),
        (
            "quarantined_share: share of quarantined rows",
            report.rows_quarantined / report.rows_read,
            limits.quarantined_share,
            True,
        ),
        ("median_words: words of the median text", medians, limits.median_words, True),
    ]
    if history.previous:
        before = history.previous.tally
        earlier = _shares({label: _sum(before.labels, label) for label in LABELS})
        genres = [
            _shares({k: sum(v.values()) for k, v in t.genres.items()}) for t in (tally, before)
        ]
        found += [
            (
                "label_drift: labels' shares moved by",
                _moved(labels, earlier),
                limits.label_drift,
                True,
            ),
            ("genre_drift: genres' shares moved by", _moved(*genres), limits.genre_drift, True),
            (
                "length_drift: mean words changed by",
                _longer(tally, before),
                limits.length_drift,
                True,
            ),
        ]
    return [
        f"{what} {value:,.4g}, {'at most' if most else 'at least'} {limit:,.4g} allowed"
        for what, value, limit, most in found
        if limit is not None and (value > limit if most else value < limit)
    ]


def _sum(labels: dict[str, dict[str, int]], label: str) -> int:
    return sum(counts.get(label, 0) for counts in labels.values())


def _shares(counts: dict[str, int]) -> dict[str, float]:
    total = sum(counts.values()) or 1
    return {name: count / total for name, count in counts.items()}


def _moved(left: dict[str, float], right: dict[str, float]) -> float:
    """Total variation distance: half the sum of the absolute differences, 0 to 1."""
    return sum(abs(left.get(k, 0) - right.get(k, 0)) for k in {*left, *right}) / 2


def _longer(now: Tally, before: Tally) -> float:
    """The larger relative change of mean words, of premises and hypotheses."""
    changes = []
    for words, earlier in (
        (now.premise_words, before.premise_words),
        (now.hypothesis_words, before.hypothesis_words),
    ):
        new, old = (sum(k * n for k, n in w.items()) / sum(w.values()) for w in (words, earlier))
        changes.append(abs(new / old - 1))
    return max(changes)


def _violations(cases: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    named = cases["column"].fillna("row").astype(str) + " " + cases["check"].astype(str)
    cases = cases.assign(check=named)
    first = cases.drop_duplicates("check")
    index = first["index"]
    at = rows.reindex(index.where(index.notna(), -1).astype(int))
    return pd.DataFrame(
        {
            "check": first["check"].to_numpy(),
            "rows": first["check"].map(cases["check"].value_counts()).to_numpy(),
            "position": at["position"].fillna(-1).astype("int64").to_numpy(),
            "place": at["place"].fillna("the whole batch").to_numpy(),
            "value": [repr(value)[:80] for value in first["failure_case"]],
        }
    )


@cache
def load_checks(path: str) -> Any:
    """Import the user's own schema.

    Raises:
        DataError: there is none.
    """
    from pandera.pandas import DataFrameSchema

    module, _, name = path.partition(":")
    try:
        schema = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise DataError(
            f"data.contract.checks: {path!r} cannot be loaded ({error}). Give "
            "'package.module:schema', importable from where the project runs."
        ) from error
    if not isinstance(schema, DataFrameSchema):
        raise DataError(f"data.contract.checks: {path!r} is no pandera DataFrameSchema.")
    return schema
