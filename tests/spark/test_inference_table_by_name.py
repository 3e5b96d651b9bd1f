"""An inference table by its name in Spark's catalog: the rows that Delta gives by its folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from logged import by_row
from payloads import ANSWER, LABELS, NOW, PAIR, SCHEMA, logged, write, write_entities
from spark_servers import spark_home

from nli_lifecycle.datasets.inference_table import InferenceTableDataset
from nli_lifecycle.engines.session import open_session
from nli_lifecycle.monitoring.log import InferenceLog, LogUnreadable
from nli_lifecycle.serving.log.reading import NoLogHere

pytest_plugins = ["spark_servers"]
pytestmark = pytest.mark.slow

OPTIONS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "America/New_York",  # moments are of no zone
}
TWO = {"instances": [PAIR, PAIR]}
ROWS = [
    logged(TWO, [ANSWER, ANSWER], databricks_request_id="b"),
    logged(databricks_request_id="a", client_request_id="mine"),
    logged(databricks_request_id="x", request=None, logging_error_codes=["TOO_LARGE"]),
    logged(databricks_request_id="c", request_time=NOW + timedelta(seconds=9), status_code=500),
]
WORDS = [{"request_id": "mine", "label": "neutral", "time": NOW + timedelta(hours=1)}]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    spark_home()
    session = open_session("local[2]", OPTIONS)
    yield session
    session.stop()


def rows_of(log: InferenceLog, **changes: Any) -> list[dict[str, Any]]:
    return [row for batch in log.rows(**changes) for row in by_row(dict(batch))]


def test_a_table_by_name_gives_what_delta_gives_by_folder(spark: Any, tmp_path: Path) -> None:
    spark.createDataFrame(pa.Table.from_pylist(ROWS, SCHEMA)).createOrReplaceTempView("payload")
    spark.createDataFrame(pa.Table.from_pylist(WORDS, LABELS)).createOrReplaceTempView("labels")
    served = spark.createDataFrame(
        [("e7", "prod.nli.classifier", "7")],
        "served_entity_id string, entity_name string, entity_version string",
    )
    served.createOrReplaceTempView("served")
    by_name = InferenceTableDataset(
        shape="payload",
        table="payload",
        feedback={"table": "labels"},
        entities={"table": "served"},
        options=OPTIONS,
    ).load()
    by_folder = InferenceTableDataset(
        shape="payload",
        filepath=str(write(tmp_path / "payload", ROWS)),
        feedback={"filepath": str(write(tmp_path / "labels", WORDS, LABELS))},
        entities={
            "filepath": str(
                write_entities(tmp_path / "served", {"e7": ("prod.nli.classifier", "7")})
            )
        },
    ).load()
    assert by_name.watermark() == by_folder.watermark() > 0
    assert rows_of(by_name) == rows_of(by_folder)
    assert [(r["request_id"], r["why"]) for r in rows_of(by_name)] == [
        ("mine", ""),
        ("b", ""),
        ("b", ""),
        ("x", "TOO_LARGE"),
        ("c", "status 500"),
    ]
    assert {row["version"] for row in rows_of(by_name)} == {"7"}
    half = {"after": rows_of(by_name)[1]["arrival"]}
    assert rows_of(by_name, **half) == rows_of(by_folder, **half)
    asked = [("b", 1), ("mine", 0), ("a", 0), ("c", 0)]
    assert by_name.answered(asked) == by_folder.answered(asked) == {("b", 1), ("mine", 0)}
    (words,), (delta_words,) = by_name.feedback(), by_folder.feedback()
    assert by_row(dict(words)) == by_row(dict(delta_words))
    assert by_name.recent(by_name.watermark()) == 4


def test_a_name_that_spark_does_not_know_and_a_table_of_something_else(spark: Any) -> None:
    def log(table: str) -> InferenceLog:
        return InferenceTableDataset(shape="log", table=table, options=OPTIONS).load()

    with pytest.raises(NoLogHere, match="no table nowhere_at_all in Spark's catalog"):
        log("nowhere_at_all").watermark()
    spark.range(3).createOrReplaceTempView("numbers")
    with pytest.raises(LogUnreadable, match="numbers has no request_id.*it has id"):
        log("numbers").watermark()
