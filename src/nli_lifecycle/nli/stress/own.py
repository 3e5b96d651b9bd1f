"""Stress suites of the user's own, in the ordinary source formats, with two or three labels."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from nli_lifecycle.nli.data.judging import judge_rows
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.schemas import QUARANTINE
from nli_lifecycle.nli.stress.scoring import NOT_ENTAILMENT, STRESS_COLUMNS
from nli_lifecycle.parameters import DataParameters, StressFile

#: How published suites spell that a hypothesis does not follow, in lower case.
TWO_WAY = dict.fromkeys(
    ["not_entailment", "not-entailment", "non-entailment", "non_entailment", "not_entailed"],
    NOT_ENTAILMENT,
)


def land_suite(
    name: str, rows: Iterable[RawRow], file: StressFile
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Land a suite as any other pairs are, two-way labels included.

    Args:
        name: the suite's name.
        rows: raw rows in our own fields.
        file: source, label map and options of the file.

    Returns:
        The suite (``STRESS_COLUMNS``, kind ``own``) and the quarantine; together they have as
        many rows as were read.

    Raises:
        DataError: there are no rows, or more than half of them are no pairs.
    """
    labels = TWO_WAY | {given.strip().lower(): label for given, label in file.labels.items()}
    parameters = DataParameters(options=file.options, official_splits=False)
    judged = judge_rows(rows, file.source, parameters, labels)
    usable = judged["reason"].eq("")
    pairs = judged[usable].reset_index(drop=True)
    numbered = [f"{name}/{row}" for row in range(len(pairs))]
    suite = pairs.assign(suite=name, kind="own", origin=pairs["pair_id"], pair_id=numbered)
    return suite[STRESS_COLUMNS], judged.loc[~usable, QUARANTINE.names].reset_index(drop=True)
