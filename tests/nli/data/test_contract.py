"""The data contract: each limit can stop the run or only warn; versions are compared."""

from typing import Any

import pandas as pd
import pandera.pandas as pandera
import pytest

from nli_lifecycle.nli.data.contract import (
    VIOLATIONS,
    History,
    Version,
    check_contract,
    find_violations,
    load_checks,
    remember,
)
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.quality import DataReport, Lengths
from nli_lifecycle.nli.data.tally import Tally
from nli_lifecycle.parameters import Contract

#: A schema of a user's own.
NO_SHOUTING = pandera.DataFrameSchema(
    {
        "hypothesis": pandera.Column(
            checks=pandera.Check(lambda s: ~s.str.isupper(), name="shouts")
        ),
        "genre": pandera.Column(checks=pandera.Check.isin(["news", "travel"])),
    }
)
NONE = pd.DataFrame(columns=VIOLATIONS.names)


def _tally(entailment: int = 100, words: int = 10, genre: str = "news") -> Tally:
    labels = {"entailment": entailment, "neutral": 100, "contradiction": 100}
    return Tally(
        labels={"train": labels},
        genres={genre: labels},
        premise_words={words: entailment + 200},
        hypothesis_words={5: entailment + 200},
        sources={"csv": entailment + 200},
    )


def _report(tally: Tally, quarantined: int = 0) -> DataReport:
    kept = sum(tally.labels["train"].values())
    median = Lengths(median=max(tally.premise_words), p90=1, p99=1, longest=1)
    return DataReport(
        environment="dev",
        source="csv",
        data_version="v",
        rows_read=kept + quarantined,
        rows_kept=kept,
        rows_quarantined=quarantined,
        quarantined={"duplicate": quarantined} if quarantined else {},
        rows={"train": kept},
        labels=tally.labels,
        genres={},
        sources={},
        premise_words=median,
        hypothesis_words=median,
        distinct_premises=1,
        official_splits=False,
        premises_in_several_splits=0,
        near_duplicates=None,
        hypothesis_only=None,
    )


def _check(
    limits: dict[str, float], level: str = "fail", now: Tally | None = None, quarantined: int = 0
) -> list[str]:
    now = now or _tally()
    history = History(
        current=Version(data_version="2", tally=now),
        previous=Version(data_version="1", tally=_tally()),
    )
    contract = Contract.model_validate({level: limits})
    return check_contract(contract, _report(now, quarantined), history, NONE)


BROKEN: list[tuple[dict[str, float], dict[str, Any], str]] = [
    ({"minimum_pairs": 301}, {}, "minimum_pairs: pairs kept 300, at least 301 allowed"),
    ({"label_share": 0.2}, {"now": _tally(10)}, "label_share: share of entailment 0.04762"),
    ({"quarantined_share": 0.1}, {"quarantined": 100}, "quarantined rows 0.25, at most 0.1"),
    ({"median_words": 9}, {}, "median_words: words of the median text 10, at most 9"),
    ({"label_drift": 0.05}, {"now": _tally(200)}, "label_drift: labels' shares moved by 0.1667"),
    ({"genre_drift": 0.5}, {"now": _tally(genre="fiction")}, "genre_drift: .* moved by 1,"),
    ({"length_drift": 0.25}, {"now": _tally(words=14)}, "length_drift: mean words changed by 0.4"),
]


@pytest.mark.parametrize(("limits", "changes", "message"), BROKEN)
def test_each_limit_stops_the_run_or_warns(
    limits: dict[str, float], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=f"(?s)break their contract:.*{message}.*parameters_data"):
        _check(limits, **changes)
    (warning,) = _check(limits, "warn", **changes)
    assert warning.startswith(next(iter(limits)))


def test_what_is_within_its_limits_passes() -> None:
    limits = {"minimum_pairs": 300, "label_share": 0.33, "quarantined_share": 0.25}
    limits |= {"median_words": 10, "label_drift": 0.01, "genre_drift": 0.01, "length_drift": 0.01}
    assert _check(limits, quarantined=100) == []


def test_without_an_earlier_version_nothing_drifts() -> None:
    history = History(current=Version(data_version="1", tally=_tally(999)), previous=None)
    contract = Contract.model_validate({"fail": {"label_drift": 0.01}})
    assert check_contract(contract, _report(_tally(999)), history, NONE) == []


def test_the_same_version_again_is_compared_with_the_one_before() -> None:
    first, second = (Version(data_version=name, tally=_tally()) for name in "12")
    history = remember(remember(None, first), second)
    assert history.previous == first
    assert remember(history, second) == history
    assert remember(history, first).previous == second


def _rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "position": [4, 7, 9],
            "place": ["x:5", "x:8", "x:10"],
            "hypothesis": ["quiet", "LOUD", "VERY LOUD"],
            "genre": ["news", "news", "gossip"],
        },
        index=[10, 11, 12],
    )


def test_values_that_break_a_check_are_named_with_their_place() -> None:
    found = find_violations(f"{__name__}:NO_SHOUTING", _rows())
    with pytest.raises(DataError) as error:
        history = History(current=Version(data_version="1", tally=_tally()), previous=None)
        check_contract(Contract(), _report(_tally()), history, pd.concat([found, found]))
    message = str(error.value)
    assert "hypothesis shouts: 4 rows, first at x:8: 'LOUD'" in message
    assert "genre isin(['news', 'travel']): 2 rows, first at x:10: 'gossip'" in message


def test_rows_that_keep_every_check() -> None:
    assert find_violations(f"{__name__}:NO_SHOUTING", _rows()[:1]).empty


@pytest.mark.parametrize("path", ["nowhere:schema", f"{__name__}:MISSING", "no colon"])
def test_checks_that_are_not_there(path: str) -> None:
    with pytest.raises(DataError, match="data.contract.checks: .* cannot be loaded"):
        load_checks(path)


def test_checks_that_are_none() -> None:
    with pytest.raises(DataError, match="is no pandera DataFrameSchema"):
        load_checks(f"{__name__}:BROKEN")
