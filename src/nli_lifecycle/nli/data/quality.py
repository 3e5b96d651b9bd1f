"""The data report: what was read, what became of it, and what the pairs look like."""

from __future__ import annotations

import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from nli_lifecycle.nli.data.baseline import HypothesisOnly, hypothesis_only
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.splitting import data_version, has_official_splits, shared_premises

#: Genres listed by name; the rest are counted together.
GENRES = 100

OTHER_GENRES = "(other)"
NO_GENRE = "(none)"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Lengths(_Frozen):
    """Percentiles of a text's length, in words between spaces."""

    median: int
    p90: int
    p99: int
    longest: int


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
    premise_words: Lengths
    hypothesis_words: Lengths
    distinct_premises: int
    official_splits: bool
    premises_in_several_splits: int
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
    environment: str,
    rows_read: int,
    distinct: pd.DataFrame,
    frames: dict[str, pd.DataFrame],
    quarantine: pd.DataFrame,
) -> DataReport:
    """Describe a data set.

    Args:
        environment: whose data these are.
        rows_read: rows read from the source's files.
        distinct: landed pairs without duplicates, at least one.
        frames: split → its pairs.
        quarantine: every row set aside.

    Returns:
        The report.

    Raises:
        ValueError: when rows were lost on the way.
    """
    return DataReport(
        environment=environment,
        source=str(distinct["source"].iloc[0]),
        data_version=data_version(frames),
        rows_read=rows_read,
        rows_kept=sum(map(len, frames.values())),
        rows_quarantined=len(quarantine),
        quarantined=_counts(quarantine["reason"]),
        rows={name: len(frame) for name, frame in frames.items()},
        labels={
            name: {label: int(frame["label"].eq(label).sum()) for label in LABELS}
            for name, frame in frames.items()
        },
        genres=_genres(distinct["genre"]),
        premise_words=_lengths(distinct["premise"]),
        hypothesis_words=_lengths(distinct["hypothesis"]),
        distinct_premises=int(distinct["premise_fingerprint"].nunique()),
        official_splits=has_official_splits(distinct),
        premises_in_several_splits=shared_premises(frames),
        hypothesis_only=hypothesis_only(frames["train"], frames["test"]),
    )


def count_words(texts: pd.Series[str]) -> pd.Series[int]:
    """Count the words of normalised texts, which single spaces divide.

    Args:
        texts: normalised texts.

    Returns:
        Words per text.
    """
    return texts.str.count(" ") + 1


def _lengths(texts: pd.Series[str]) -> Lengths:
    words = count_words(texts)
    median, p90, p99 = (int(words.quantile(share)) for share in (0.5, 0.9, 0.99))
    return Lengths(median=median, p90=p90, p99=p99, longest=int(words.max()))


def _counts(values: pd.Series[str]) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().items()}


def _genres(genres: pd.Series[str]) -> dict[str, int]:
    counts = _counts(genres.replace("", NO_GENRE))
    named = dict(list(counts.items())[:GENRES])
    others = sum(counts.values()) - sum(named.values())
    return named | ({OTHER_GENRES: others} if others else {})
