"""Which column is what: well-known names, the user's word, and clear questions otherwise."""

from typing import Any

import pytest
import yaml

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.columns import map_columns
from nli_lifecycle.nli.data.raw.reading import Layout
from nli_lifecycle.parameters import SourceOptions

TSV = Layout("delimited", "\t", "none")


def _map(found: list[str], **columns: str) -> dict[str, str]:
    options = SourceOptions.model_validate({"columns": columns})
    return map_columns(found, options, "x.tsv", TSV)


def _error(found: list[str], **columns: str) -> str:
    with pytest.raises(DataError) as error:
        _map(found, **columns)
    return str(error.value)


def test_missing_column_lists_what_there_is_and_the_yaml_to_write() -> None:
    message = _error(["ID", "premise1", "premise2", "hypothesis", "gold_label"], label="gold_label")
    assert message.startswith("x.tsv: none of its columns is known to hold the premise.")
    assert "Columns found: ID, premise1, premise2, hypothesis, gold_label" in message
    written: Any = yaml.safe_load(message[message.index("data:\n") :])
    assert written["data"]["options"]["columns"] == {
        "premise": "<its column for the premise>",
        "label": "gold_label",
    }


def test_ambiguous_columns_are_a_question() -> None:
    message = _error(["premise", "sentence1", "hypothesis", "label"])
    assert "several columns may hold the premise: premise, sentence1" in message


def test_a_column_that_occurs_twice_is_a_question() -> None:
    assert "several columns may hold the label" in _error(
        ["premise", "hypothesis", "label", "label"]
    )


def test_a_mapped_column_that_is_not_there_is_named_even_where_optional() -> None:
    message = _error(["premise", "hypothesis", "label", "genre"], genre="topic")
    assert "it has no column 'topic' for the genre" in message


def test_a_single_column_points_to_the_delimiter() -> None:
    message = _error(["premise;hypothesis;label"])
    assert "'\\t' does not separate the fields" in message
    assert "data.options.delimiter, perhaps to ';'" in message


@pytest.mark.parametrize(
    ("found", "columns"),
    [
        (
            ["pair_ID", "sentence_A", "sentence_B", "entailment_label", "sentence_A_original"]
            + ["SemEval_set"],
            {
                "premise": "sentence_A",
                "hypothesis": "sentence_B",
                "label": "entailment_label",
                "pair_id": "pair_ID",
                "split": "SemEval_set",
            },
        ),
        (
            ["gold_label", "sentence1_parse", "sentence1", "sentence2", "pairID", "genre"],
            {
                "premise": "sentence1",
                "hypothesis": "sentence2",
                "label": "gold_label",
                "pair_id": "pairID",
                "genre": "genre",
            },
        ),
        (
            ["index", "Text", "Hypothesis", "gold_label"],
            {
                "premise": "Text",
                "hypothesis": "Hypothesis",
                "label": "gold_label",
                "pair_id": "index",
            },
        ),
    ],
)
def test_published_names_are_known(found: list[str], columns: dict[str, str]) -> None:
    assert _map(found) == columns


def test_the_users_word_wins() -> None:
    columns = _map(["premise", "premise_fixed", "hypothesis", "label"], premise="premise_fixed")
    assert columns["premise"] == "premise_fixed"


def test_of_several_ids_the_most_telling_is_taken() -> None:
    assert _map(["id", "pairID", "premise", "hypothesis", "label"])["pair_id"] == "pairID"


@pytest.mark.parametrize(
    "keep, why",
    [
        ("regoin", "x.tsv: it has no column 'regoin', which data.options.keep asks for"),
        ("premise_fingerprint", "'premise_fingerprint' is a column of ours"),
        ("premise", "'premise' is a column of ours"),
    ],
)
def test_columns_that_cannot_be_kept_are_named(keep: str, why: str) -> None:
    found = ["premise", "hypothesis", "label", "region"]
    with pytest.raises(DataError, match=why):
        map_columns(found, SourceOptions(keep=(keep,)), "x.tsv", TSV)


def test_kept_columns_are_mapped_to_themselves() -> None:
    found = ["premise", "hypothesis", "label", "region"]
    mapped = map_columns(found, SourceOptions(keep=("region",)), "x.tsv", TSV)
    assert mapped["region"] == "region"
    assert "region" not in map_columns(found, SourceOptions(), "x.tsv", TSV)
