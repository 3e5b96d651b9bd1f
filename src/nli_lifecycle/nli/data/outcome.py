"""What became of judged rows: counted by reason, and refused if too few are pairs."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.quarantine import too_many
from nli_lifecycle.nli.data.splitting import FEEDBACK
from nli_lifecycle.parameters import DataParameters

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
