"""A row of Databricks' inference table, which is a request, as rows of the log, which are pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from nli_lifecycle.inference_table.source import Source
from nli_lifecycle.monitoring.log import LEFT_OUT
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.serving.log.vocabulary import TEXT_COLUMNS, Vocabulary, measure_texts
from nli_lifecycle.serving.mlflow_protocol import ProtocolError, parse_json

#: Columns of an AI-Gateway-enabled inference table that are read.
PAYLOAD_COLUMNS = (
    "databricks_request_id",
    "client_request_id",
    "request_time",
    "status_code",
    "execution_duration_ms",
    "request",
    "response",
    "logging_error_codes",
    "served_entity_id",
)
#: Columns of Databricks' ``system.serving.served_entities`` that are read.
ENTITY_COLUMNS = ("served_entity_id", "entity_name", "entity_version")
_SHARES = tuple(f"p_{label}" for label in LABELS)

Row = dict[str, Any]  # columns of the log but ``arrival``; ``why`` says what is wrong with it


@dataclass(frozen=True)
class Entity:
    """What a served entity is: a version of a registered model."""

    model: str
    version: str


def read_entities(source: Source) -> dict[str, Entity]:
    """Read what served entities are out of ``system.serving.served_entities``, or its like."""
    return {
        row["served_entity_id"]: Entity(row["entity_name"], str(row["entity_version"]))
        for row in source.whole(ENTITY_COLUMNS).to_pylist()
        if row["entity_name"] and row["entity_version"] is not None
    }


@dataclass(frozen=True)
class Unpacking:
    """How requests become pairs.

    Attributes:
        entities: served entity's id → what it is; one that is not there answers by its id.
        vocabulary: of the models' tokenizer; None: how many words it does not know is not known.
    """

    entities: Mapping[str, Entity]
    vocabulary: Vocabulary | None = None

    def rows(self, logged: Mapping[str, Any]) -> Iterator[Row]:
        """Yield a request's pairs by their position.

        A request that failed is one row with the role ``left out``. One that was answered, but
        cannot be read, is one damaged row; where only its answers cannot be, each pair is one.
        """
        if logged["status_code"] != 200:
            yield self._row(logged, 0, f"status {logged['status_code']}") | {"role": LEFT_OUT}
            return
        lost = ", ".join(logged["logging_error_codes"] or ())
        if logged["request"] is None:
            yield self._row(logged, 0, lost or "no request was logged")
            return
        try:
            pairs = parse_json(logged["request"].encode("utf-8", "replace"))
        except ProtocolError:
            yield self._row(logged, 0, "the request is not in MLflow's protocol")
            return
        answers, why = _answers(logged["response"], len(pairs))
        for position, (premise, hypothesis) in enumerate(pairs):
            row = self._row(logged, position, (logged["response"] is None and lost) or why)
            row |= {"premise_chars": len(premise), "hypothesis_chars": len(hypothesis)}
            row |= zip(TEXT_COLUMNS, measure_texts(premise, hypothesis, self.vocabulary))
            if not row["why"]:
                row |= _answer(answers[position])
            yield row

    def _row(self, logged: Mapping[str, Any], position: int, why: str) -> Row:
        entity = self.entities.get(logged["served_entity_id"] or "")
        return {
            "request_id": request_id(logged),
            "position": position,
            "role": "champion",
            "time": logged["request_time"],
            "endpoint": "/invocations",
            "model": entity.model if entity else None,
            "version": entity.version if entity else logged["served_entity_id"],
            "latency_ms": logged["execution_duration_ms"],
            "why": why,
        }


def request_id(logged: Mapping[str, Any]) -> str:
    """The client's own id, by which people send labels; Databricks' where it gave none."""
    return str(logged["client_request_id"] or logged["databricks_request_id"])


def _answers(response: str | None, pairs: int) -> tuple[list[Any], str]:
    """The answers, and what is wrong with them."""
    if response is None:
        return [], "no response was logged"
    try:
        answers = orjson.loads(response.encode("utf-8", "replace"))["predictions"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return [], "the response has no predictions"
    if not isinstance(answers, list):
        return [], "the response has no predictions"
    if len(answers) != pairs:
        return [], "the response has another number of answers than the request has pairs"
    return answers, ""


def _answer(answer: Any) -> Row:
    fields = answer if isinstance(answer, dict) else {}
    label, shares = fields.get("label"), [_number(fields.get(name)) for name in _SHARES]
    if label not in LABELS or None in shares:
        return {"why": "an answer has no label of ours, or lacks a probability"}
    return {"label": label, **dict(zip(_SHARES, shares))}


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None  # JSON's true is no number
