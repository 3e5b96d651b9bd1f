"""Columns are found by their usual names, or the user is asked; all others are handed on."""

from __future__ import annotations

import pyarrow as pa
import pytest

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.scoring.columns import choose_columns
from nli_lifecycle.scoring.parameters import BatchScoringParameters, ScoringOptions
from nli_lifecycle.scoring.types import portable, same_types


def _choose(found: list[str], **options: object) -> tuple[dict, dict]:
    columns = choose_columns(found, ScoringOptions.model_validate(options), "f.csv")
    return dict(columns.own), dict(columns.kept)


def test_usual_names_in_any_case_and_the_rest_is_handed_on() -> None:
    own, kept = _choose(["ID", "Sentence1", "sentence2", "region"])
    assert own == {"premise": "Sentence1", "hypothesis": "sentence2", "pair_id": "ID"}
    assert kept == {"region": "region"}


def test_a_label_that_is_there_is_handed_on_beside_ours() -> None:
    own, kept = _choose(["premise", "hypothesis", "Label", "portion", ""])
    assert "pair_id" not in own
    assert kept == {"Label": "input_Label", "portion": "input_portion", "": "input_"}


def test_the_users_word_wins() -> None:
    own, kept = _choose(
        ["premise", "hypothesis", "a", "b"], columns={"premise": "a"}, keep=["b", "premise"]
    )
    assert own["premise"] == "a"
    assert kept == {"b": "b", "premise": "input_premise"}


@pytest.mark.parametrize(
    ("found", "options", "what"),
    [
        (["a", "hypothesis"], {}, "none of its columns is known to hold the premise"),
        (["text", "premise", "hypothesis"], {}, "several columns may hold the premise: premise, t"),
        (["premise", "hypothesis"], {"columns": {"pair_id": "x"}}, "no column 'x' for the pair_id"),
        (["premise", "hypothesis"], {"keep": ["x"]}, "it has no column 'x'"),
        (["premise", "hypothesis", "x", "x"], {}, "it has several columns 'x'"),
        (["premise", "hypothesis", "x", "X"], {}, "two columns would be called 'X'"),
    ],
)
def test_unclear_columns_are_asked_for(found: list[str], options: dict, what: str) -> None:
    with pytest.raises(DataError, match=f"f.csv: .*{what}"):
        _choose(found, **options)


@pytest.mark.parametrize(
    ("kind", "handed_on"),
    [
        (pa.dictionary(pa.int8(), pa.large_string()), pa.string()),
        (pa.uint64(), pa.decimal128(20, 0)),
        (pa.timestamp("ns", "Europe/Zurich"), pa.timestamp("us", "UTC")),
        (pa.timestamp("s"), pa.timestamp("us")),
        (pa.list_(pa.struct([("a", pa.uint8())])), pa.list_(pa.struct([("a", pa.int16())]))),
        (pa.null(), pa.string()),
    ],
)
def test_types_that_every_reader_knows(kind: pa.DataType, handed_on: pa.DataType) -> None:
    assert portable(kind, "f: column 'c'") == handed_on


def test_other_types_are_refused() -> None:
    with pytest.raises(DataError, match="column 'c' is of type duration.*batch_scoring.options"):
        portable(pa.duration("s"), "f: column 'c'")
    with pytest.raises(DataError, match="'c' is int64 in a but double in b"):
        same_types({"a": [pa.field("c", pa.int64())], "b": [pa.field("c", pa.float64())]})


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"version": 3, "digest": "0123456789ab"}, "give one of them"),
        ({"digest": "0123"}, "12 to 64 hexadecimal digits"),
        ({"portion_rows": 0}, "greater than or equal to 1"),
        ({"sourec": "csv"}, "Extra inputs are not permitted"),
    ],
)
def test_parameters_that_make_no_sense(given: dict, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        BatchScoringParameters.model_validate(given)
    assert BatchScoringParameters.model_validate({"version": 3}).version == "3"
