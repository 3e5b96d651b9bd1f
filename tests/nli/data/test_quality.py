"""The data report: its counts reconcile, or it cannot be made."""

from typing import Any

import pandas as pd
import pytest

from nli_lifecycle.nli.data.quality import (
    DataReport,
    NearReport,
    Premises,
    count_premises,
    describe_data,
)
from nli_lifecycle.nli.data.tally import Tally
from nli_lifecycle.nli.labels import LABELS

COUNTS = Tally(
    labels={
        "train": {"entailment": 200, "neutral": 190, "contradiction": 110},
        "test": {"neutral": 100},
    },
    genres={"(none)": {"neutral": 290}, "g1": {"entailment": 200, "contradiction": 110}},
    premise_words={3: 300, 7: 290, 12: 10},
    hypothesis_words={2: 600},
    sources={"csv": 590, "feedback": 10},
)


def _describe(**changes: Any) -> DataReport:
    rows = pd.DataFrame(
        {
            "hypothesis": [f"hypothesis {LABELS[n % 3][:3]}" for n in range(60)],
            "label": [LABELS[n % 3] for n in range(60)],
            "split": ["train", "test"] * 30,
            "fingerprint": [f"{n:032x}" for n in range(60)],
            "premise_fingerprint": [f"{n:032x}" for n in range(60)],
        }
    )
    values: dict[str, Any] = {
        "environment": "dev",
        "source": "csv",
        "data_version": "v" * 64,
        "rows_read": 602,
        "quarantined": {"invalid_json": 1, "duplicate": 1},
        "tally": COUNTS,
        "premises": Premises(distinct=200, in_several_splits=3),
        "official_splits": False,
        "near_duplicates": NearReport(similarity=0.8, premises=4, clusters=2, largest=2, leaked=0),
        "sample": rows,
    }
    return describe_data(**values | changes)


def test_a_lost_row_is_no_report() -> None:
    with pytest.raises(ValueError, match="603 rows read are not 600 kept"):
        _describe(rows_read=603)
    with pytest.raises(ValueError, match="602 rows read are not 600 kept"):
        _describe(quarantined={"duplicate": 1})


def test_counts() -> None:
    report = _describe()
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (602, 600, 2)
    assert report.rows == {"train": 500, "validation": 0, "test": 100}
    for split, rows in report.rows.items():
        assert sum(report.labels[split].values()) == rows
        assert list(report.labels[split]) == list(LABELS)
    assert report.genres == {"(none)": 290, "g1": 310}
    assert report.sources == {"csv": 590, "feedback": 10}
    assert report.distinct_premises == 200


def test_lengths_are_percentiles_of_the_counts() -> None:
    words = _describe().premise_words
    assert (words.median, words.p90, words.p99, words.longest) == (3, 7, 12, 12)
    assert _describe().hypothesis_words.p99 == 2


def test_the_baseline_is_fitted_on_the_sample() -> None:
    report = _describe()
    assert report.hypothesis_only is not None
    assert report.hypothesis_only_accuracy == report.hypothesis_only.accuracy == 1.0
    assert (report.hypothesis_only.rows_fitted, report.hypothesis_only.rows_judged) == (30, 30)


def test_premises_in_several_splits() -> None:
    rows = [("a", "train"), ("a", "train"), ("a", "test"), ("b", "test"), ("c", "train")]
    frame = pd.DataFrame(rows, columns=["premise_fingerprint", "split"])
    counts = count_premises(frame)
    assert counts.to_dict("records") == [{"distinct": 3, "in_several_splits": 1}]


def test_report_survives_a_file() -> None:
    report = _describe()
    assert DataReport.model_validate_json(report.model_dump_json()) == report
