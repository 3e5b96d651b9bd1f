"""The data report: what was read, what became of it, and what the pairs look like."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, model_validator

from nli_lifecycle.nli.data.baseline import HypothesisOnly, hypothesis_only
from nli_lifecycle.nli.data.pairs import SPLITS
from nli_lifecycle.nli.data.tally import Tally
from nli_lifecycle.nli.labels import LABELS

#: Counts of premises, to be added up.
PREMISE_COUNTS = pa.schema(
    [pa.field("distinct", pa.int64()), pa.field("in_several_splits", pa.int64())]
)


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Lengths(_Frozen):
    """Percentiles of a text's length, in words between spaces; 2,000 stands for any more."""

    median: int
    p90: int
    p99: int
    longest: int


class Premises(_Frozen):
    """Counts of the premises kept."""

    distinct: int
    in_several_splits: int


class NearReport(_Frozen):
    """Premises that are nearly the same as others."""

    similarity: float  # least estimated Jaccard similarity of near premises
    premises: int  # premises that have a near one, quarantined rows' included
    clusters: int
    largest: int  # premises of the largest cluster
    leaked: int  # premises near one that another environment trained on


class DataReport(_Frozen):
    """Everything worth knowing about one reading of one source; its counts reconcile."""

    environment: str
    source: str
    data_version: str
    rows_read: int
    rows_kept: int
    rows_quarantined: int
    quarantined: dict[str, int]  # reason → rows
    rows: dict[str, int]  # split → pairs
    labels: dict[str, dict[str, int]]  # split → label → pairs
    genres: dict[str, int]  # genre → pairs, the most frequent first
    sources: dict[str, int]  # source → pairs
    premise_words: Lengths
    hypothesis_words: Lengths
    distinct_premises: int
    official_splits: bool
    premises_in_several_splits: int
    near_duplicates: NearReport | None
    hypothesis_only: HypothesisOnly | None

    @property
    def hypothesis_only_accuracy(self) -> float | None:
        """Accuracy of the hypothesis-only baseline, None where it could not be fitted."""
        return self.hypothesis_only.accuracy if self.hypothesis_only else None

    @model_validator(mode="after")
    def _reconcile(self) -> DataReport:
        if self.rows_read != self.rows_kept + self.rows_quarantined:
            raise ValueError(
                f"{self.rows_read} rows read are not {self.rows_kept} kept "
                f"+ {self.rows_quarantined} quarantined"
            )
        if self.rows_quarantined != sum(self.quarantined.values()):
            raise ValueError("the quarantine's reasons do not add up to its rows")
        if self.rows_kept != sum(self.rows.values()):
            raise ValueError("the splits do not add up to the rows kept")
        return self


def describe_data(
    *,
    environment: str,
    source: str,
    data_version: str,
    rows_read: int,
    quarantined: dict[str, int],
    tally: Tally,
    premises: Premises,
    official_splits: bool,
    near_duplicates: NearReport | None,
    sample: pd.DataFrame,
) -> DataReport:
    """Describe a data set.

    Args:
        environment: whose data these are.
        source: the main source.
        data_version: of the pairs kept.
        rows_read: rows landed.
        quarantined: reason → rows set aside.
        tally: counts of the pairs kept.
        premises: counts of their premises.
        official_splits: the source's own splits decided.
        near_duplicates: what was found of them; None: nobody looked.
        sample: pairs with ``split``, enough to fit the hypothesis-only baseline.

    Returns:
        The report.

    Raises:
        ValueError: when rows were lost on the way.
    """
    labels = {split: _by_label(tally.labels.get(split, {})) for split in SPLITS}
    parts = {split: sample[sample["split"].eq(split)] for split in ("train", "test")}
    return DataReport(
        environment=environment,
        source=source,
        data_version=data_version,
        rows_read=rows_read,
        rows_kept=sum(sum(counts.values()) for counts in labels.values()),
        rows_quarantined=sum(quarantined.values()),
        quarantined=quarantined,
        rows={split: sum(counts.values()) for split, counts in labels.items()},
        labels=labels,
        genres={genre: sum(counts.values()) for genre, counts in tally.genres.items()},
        sources=tally.sources,
        premise_words=_lengths(tally.premise_words),
        hypothesis_words=_lengths(tally.hypothesis_words),
        distinct_premises=premises.distinct,
        official_splits=official_splits,
        premises_in_several_splits=premises.in_several_splits,
        near_duplicates=near_duplicates,
        hypothesis_only=hypothesis_only(parts["train"], parts["test"]),
    )


def count_premises(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count premises, and those that are in several splits.

    Args:
        pairs: ``premise_fingerprint`` and ``split``, all of each premise.

    Returns:
        Rows with ``PREMISE_COUNTS``, to be added up.
    """
    places = pairs.drop_duplicates()
    several = places.loc[places["premise_fingerprint"].duplicated(), "premise_fingerprint"]
    distinct = places["premise_fingerprint"].nunique()
    return pd.DataFrame({"distinct": [distinct], "in_several_splits": [several.nunique()]})


def _by_label(counts: dict[str, int]) -> dict[str, int]:
    return {label: counts.get(label, 0) for label in LABELS}


def _lengths(words: dict[int, int]) -> Lengths:
    sizes = sorted(words)
    reached = np.cumsum([words[size] for size in sizes])

    def quantile(share: float) -> int:
        return sizes[int(np.searchsorted(reached, share * reached[-1]))]

    return Lengths(median=quantile(0.5), p90=quantile(0.9), p99=quantile(0.99), longest=sizes[-1])
