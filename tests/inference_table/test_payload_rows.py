"""Requests of an inference table as pairs: every format, and everything that can be wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from payloads import ANSWER, NOW, PAIR, logged

from nli_lifecycle.inference_table.payload import Entity, Unpacking
from nli_lifecycle.serving.log.vocabulary import Vocabulary, measure_texts

OTHER = {"premise": "It rains.", "hypothesis": "Rain is wet, it seems."}
ROWS = [[PAIR["premise"], PAIR["hypothesis"]], [OTHER["premise"], OTHER["hypothesis"]]]
UNPACKING = Unpacking({"e7": Entity("prod.nli.classifier", "7")})


def unpacked(row: dict[str, Any]) -> list[dict[str, Any]]:
    return list(UNPACKING.rows(row))


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["premise", "hypothesis"], "data": ROWS}},
        {
            "dataframe_split": {
                "columns": ["hypothesis", "premise"],
                "data": [r[::-1] for r in ROWS],
            }
        },
        {"dataframe_records": [PAIR, OTHER], "client_request_id": "c1"},
        {"instances": [PAIR, OTHER]},
        {"inputs": {"premise": [r[0] for r in ROWS], "hypothesis": [r[1] for r in ROWS]}},
    ],
    ids=["split", "split in another order", "records", "instances", "inputs"],
)
def test_every_format_of_the_protocol_gives_the_same_pairs(body: dict[str, Any]) -> None:
    first, second = unpacked(logged(body, [ANSWER, {**ANSWER, "label": "neutral"}]))
    assert (first["position"], second["position"]) == (0, 1)
    assert (first["label"], second["label"]) == ("entailment", "neutral")
    assert (second["p_entailment"], second["p_neutral"]) == (0.7, 0.2)
    assert (second["premise_chars"], second["hypothesis_chars"]) == (9, 22)
    assert (second["premise_words"], second["hypothesis_words"], second["overlap"]) == (2, 5, 0.2)
    assert (first["model"], first["version"]) == ("prod.nli.classifier", "7")
    assert (first["request_id"], first["time"], first["latency_ms"]) == ("d1", NOW, 4)
    assert [row["why"] for row in (first, second)] == ["", ""]


def test_features_are_those_of_the_services_own_log() -> None:
    vocabulary = Vocabulary(frozenset({"a", "man", "dog"}))
    (row,) = Unpacking({}, vocabulary).rows(logged())
    names = ("premise_words", "hypothesis_words", "overlap", "unknown_share")
    expected = measure_texts(PAIR["premise"], PAIR["hypothesis"], vocabulary)
    assert tuple(row[name] for name in names) == expected == (5, 4, 0.5, 4 / 9)


def test_an_entity_nobody_knows_answers_by_its_id_and_a_clients_own_id_names_the_request() -> None:
    (row,) = unpacked(logged(served_entity_id="e9", client_request_id="c1"))
    assert (row["model"], row["version"], row["request_id"]) == (None, "e9", "c1")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"request": None}, "no request was logged"),
        (
            {"request": None, "logging_error_codes": ["MAX_REQUEST_SIZE_EXCEEDED"]},
            "MAX_REQUEST_SIZE_EXCEEDED",
        ),
        ({"request": '{"dataframe_records": ['}, "the request is not in MLflow's protocol"),
        ({"request": '{"messages": []}'}, "the request is not in MLflow's protocol"),
        ({"request": "\ud800"}, "the request is not in MLflow's protocol"),
        ({"response": None}, "no response was logged"),
        (
            {"response": None, "logging_error_codes": ["MAX_RESPONSE_SIZE_EXCEEDED"]},
            "MAX_RESPONSE_SIZE_EXCEEDED",
        ),
        ({"response": "[]"}, "the response has no predictions"),
        ({"response": '{"predictions": {"label": 1}}'}, "the response has no predictions"),
        (
            {"response": json.dumps({"predictions": [ANSWER, ANSWER]})},
            "the response has another number of answers than the request has pairs",
        ),
        (
            {"response": json.dumps({"predictions": [{**ANSWER, "label": "maybe"}]})},
            "an answer has no label of ours, or lacks a probability",
        ),
        (
            {"response": json.dumps({"predictions": [{**ANSWER, "p_neutral": "0.2"}]})},
            "an answer has no label of ours, or lacks a probability",
        ),
        (
            {"response": json.dumps({"predictions": ["entailment"]})},
            "an answer has no label of ours, or lacks a probability",
        ),
    ],
)
def test_what_cannot_be_read_is_a_damaged_row_that_says_why(
    changes: dict[str, Any], why: str
) -> None:
    (row,) = unpacked(logged(**changes))
    assert (row["why"], row["role"], row.get("label")) == (why, "champion", None)
    assert row["version"] == "7"


def test_each_pair_of_a_lost_response_is_a_damaged_row_with_its_features() -> None:
    rows = unpacked(logged({"instances": [PAIR, OTHER]}, response=None))
    assert [row["premise_words"] for row in rows] == [5, 2]
    assert {row["why"] for row in rows} == {"no response was logged"}


def test_a_failed_request_is_no_answer() -> None:
    (row,) = unpacked(logged(status_code=400, response='{"error_code": "BAD_REQUEST"}'))
    assert (row["role"], row["why"]) == ("left out", "status 400")
