"""The figures say what the report counted."""

import pandas as pd
import pytest

from nli_lifecycle.nli.data.quality import DataReport, Lengths
from nli_lifecycle.nli.data.tally import Tally, count_pairs, tally
from nli_lifecycle.pipelines.data_engineering import plots

WORDS = Lengths(median=1, p90=1, p99=1, longest=1)


def _report(**changes: object) -> DataReport:
    counts = {"entailment": 2, "neutral": 1, "contradiction": 1}
    none = dict.fromkeys(counts, 0)
    values = {
        "environment": "dev",
        "source": "csv",
        "data_version": "0",
        "rows_read": 10,
        "rows_kept": 4,
        "rows_quarantined": 6,
        "quarantined": {"too_long": 4, "duplicate": 2},
        "rows": {"train": 0, "validation": 0, "test": 4},
        "labels": {"train": none, "validation": none, "test": counts},
        "genres": {"(none)": 4},
        "sources": {"csv": 4},
        "premise_words": WORDS,
        "hypothesis_words": WORDS,
        "distinct_premises": 4,
        "official_splits": False,
        "premises_in_several_splits": 0,
        "near_duplicates": None,
        "hypothesis_only": None,
    }
    return DataReport.model_validate(values | changes)


def test_labels_of_splits_that_have_rows() -> None:
    figure = plots.plot_labels(_report())
    assert [bar.name for bar in figure.data] == ["entailment", "neutral", "contradiction"]
    assert list(figure.data[0].y) == ["test<br>4 pairs"]
    assert [bar.text[0] for bar in figure.data] == ["2 (50%)", "1 (25%)", "1 (25%)"]


def _counts(pairs: pd.DataFrame) -> Tally:
    filled = pd.DataFrame(
        {"premise": "w", "hypothesis": "w", "genre": "", "label": "neutral"}, pairs.index
    )
    rows = filled.assign(**{str(name): pairs[name] for name in pairs}, source="csv", split="test")
    return tally(count_pairs(rows))


@pytest.mark.parametrize("longest", [1, 5, 1_000])
def test_lengths_count_every_text(longest: int) -> None:
    texts = [" ".join(["w"] * length) for length in (1, 1, longest)]
    figure = plots.plot_lengths(_counts(pd.DataFrame({"premise": texts})))
    assert [sum(steps.y) for steps in figure.data] == [3, 3]
    assert figure.data[0].name == "premise (median 1)"
    assert len(figure.data[0].x) <= plots.LENGTH_BINS


def test_rare_genres_are_left_out_and_said_so() -> None:
    figure = plots.plot_genres(
        _report(), _counts(pd.DataFrame({"genre": [f"g{n % 20}" for n in range(40)]}))
    )
    assert figure.layout.title.text == "Genres (the 15 largest of 20)"
    assert sum(figure.data[1].x) == 30


def test_genres_beyond_those_counted_are_no_bar() -> None:
    figure = plots.plot_genres(
        _report(), _counts(pd.DataFrame({"genre": [f"g{n}" for n in range(120)]}))
    )
    assert figure.layout.title.text == "Genres (the 15 largest of more than 100)"
    assert "(other)" not in figure.data[0].y


def test_quarantine_by_reason() -> None:
    figure = plots.plot_quarantine(_report())
    assert list(figure.data[0].y) == ["too long", "duplicate"]
    assert list(figure.data[0].text) == ["4 (40.00%)", "2 (20.00%)"]
    assert figure.layout.title.text == "Quarantine: 6 of 10 rows read"


def test_an_empty_quarantine_says_so() -> None:
    report = _report(rows_read=4, rows_quarantined=0, quarantined={})
    figure = plots.plot_quarantine(report)
    assert figure.layout.annotations[0].text == "Nothing was quarantined"
