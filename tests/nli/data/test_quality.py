"""The data report: its counts reconcile, or it cannot be made."""

import pandas as pd
import pytest

from nli_lifecycle.nli.data.duplicates import remove_duplicates
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.landing import land_pairs
from nli_lifecycle.nli.data.quality import DataReport, count_words, describe_data
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.splitting import data_version, split_pairs
from nli_lifecycle.parameters import DataParameters


def _rows(count: int) -> list[RawRow]:
    return [
        RawRow(
            f"x:{n}",
            {
                "pair_id": str(n),
                "premise": f"premise number {n // 3}" + " long" * (n % 10),
                "hypothesis": f"hypothesis {n}",
                "label": LABELS[n % 3],
                "genre": f"g{n % 50}" if n % 2 else "",
                "split": "",
            },
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def report() -> DataReport:
    rows = _rows(600)
    rows += [rows[0], RawRow("x:601", None, "invalid_json")]
    parameters = DataParameters()
    landed, unusable = land_pairs(rows, "csv", parameters)
    distinct, repeated = remove_duplicates(landed)
    frames = split_pairs(distinct, parameters.splits)
    quarantine = pd.concat([unusable, repeated])
    made = describe_data("dev", len(rows), distinct, frames, quarantine)
    assert made.data_version == data_version(frames)
    with pytest.raises(ValueError, match="603 rows read are not 600 kept"):
        describe_data("dev", len(rows) + 1, distinct, frames, quarantine)
    with pytest.raises(ValueError, match="602 rows read are not"):
        describe_data("dev", len(rows), distinct, frames | {"test": frames["test"][1:]}, quarantine)
    return made


def test_counts(report: DataReport) -> None:
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (602, 600, 2)
    assert report.quarantined == {"invalid_json": 1, "duplicate": 1}
    assert sum(report.rows.values()) == 600
    for split, rows in report.rows.items():
        assert sum(report.labels[split].values()) == rows
        assert list(report.labels[split]) == list(LABELS)


def test_contents(report: DataReport) -> None:
    assert (report.environment, report.source) == ("dev", "csv")
    assert report.genres["(none)"] == 300
    assert sum(report.genres.values()) == 600
    assert (report.premise_words.median, report.premise_words.longest) == (7, 12)
    assert report.hypothesis_words.median == 2
    assert not report.official_splits
    assert report.premises_in_several_splits == 0
    assert report.hypothesis_only is not None
    assert report.hypothesis_only_accuracy == report.hypothesis_only.accuracy


def test_rare_genres_are_counted_together() -> None:
    rows = _rows(360)
    for number, row in enumerate(rows):
        assert row.fields is not None
        row.fields["genre"] = f"g{number % 120}"
    landed, unusable = land_pairs(rows, "csv", DataParameters())
    frames = split_pairs(landed, DataParameters().splits)
    genres = describe_data("dev", 360, landed, frames, unusable).genres
    assert len(genres) == 101
    assert genres["(other)"] == 60


def test_report_survives_a_file(report: DataReport) -> None:
    assert DataReport.model_validate_json(report.model_dump_json()) == report


def test_words() -> None:
    assert count_words(pd.Series(["one", "one two", "a b c"])).tolist() == [1, 2, 3]
