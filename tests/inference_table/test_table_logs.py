"""Logs in real Delta tables: the same windows as over SQL, whatever order rows come in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from logged import CANDIDATE, Log, answered, by_row
from kedro.io import DatasetError
from payloads import ANSWER, LABELS, NOW, PAIR, logged, write, write_entities

from nli_lifecycle.datasets.inference_table import InferenceTableDataset
from nli_lifecycle.inference_table import payload_log, table_log
from nli_lifecycle.monitoring.columns import COLUMNS
from nli_lifecycle.monitoring.log import InferenceLog, LogUnreadable, came_late, read_windows
from nli_lifecycle.monitoring.truths import TruthSettings, settle
from nli_lifecycle.monitoring.windows import Windows
from nli_lifecycle.serving.log.reading import NoLogHere

ROWS = 230


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[Log]:
    log = Log(f"sqlite:///{tmp_path}/log.db")
    yield log
    log.close()


def payload(place: Path, **changes: Any) -> InferenceLog:
    fields = {"settle_minutes": 0, **changes}
    return InferenceTableDataset(shape="payload", filepath=str(place), **fields).load()


def rows_of(log: InferenceLog, **changes: Any) -> list[dict[str, Any]]:
    return [row for batch in log.rows(**changes) for row in by_row(dict(batch))]


def window_summaries(log: InferenceLog, pairs: int = 50) -> list[Any]:
    windows = Windows(pairs)
    taken = read_windows(log, windows, log.watermark(), 1_000)
    return [(w.key, w.summary) for w in (*taken.windows, *windows.close())]


def test_a_table_of_pairs_gives_the_windows_of_the_sql_log(
    sql: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(ROWS):
        time = NOW + timedelta(seconds=n * 37 % 101)  # out of order
        release = {"release": CANDIDATE} if n % 7 == 0 else {}
        sql.add(answered(f"r{n}", premise="word " * (1 + n % 40), time=time, **release))
    sql.add(answered("r1", role="shadow"))
    rows = [row for batch in sql.reader.rows() for row in by_row(batch)]
    kinds = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        datetime: pa.timestamp("us", "UTC"),
    }
    schema = pa.schema([(k, kinds.get(type(v), pa.string())) for k, v in rows[0].items()])
    place = tmp_path / "table"
    for part in (rows[150:], rows[:150]):
        write(place, part, schema)
    monkeypatch.setattr(table_log, "ROWS_READ", 60)
    log = InferenceTableDataset(shape="log", filepath=str(place)).load()
    assert log.watermark() == sql.reader.watermark() == ROWS + 1
    assert rows_of(log) == rows
    assert [len(batch["arrival"]) for batch in log.rows(after=100, until=170)] == [60, 10]
    assert window_summaries(log) == window_summaries(sql.reader)
    asked = [("r1", 0), ("r1", 1), ("nobody", 0)]
    assert log.answered(asked) == sql.reader.answered(asked) == {("r1", 0)}
    assert log.recent(ROWS) is None and came_late(log, None) == 0


def test_requests_are_ordered_by_time_then_id_and_numbered_within_their_millisecond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, two = tmp_path / "t", {"instances": [PAIR, PAIR]}
    later = NOW + timedelta(milliseconds=1)
    write(place, [logged(databricks_request_id="a", request_time=later)])
    write(
        place,
        [
            logged(two, [ANSWER, ANSWER], databricks_request_id="c"),
            logged(databricks_request_id="b"),
        ],
    )
    log = payload(place)
    base = int(NOW.timestamp() * 1_000) << 20
    found = [(r["request_id"], r["position"], r["arrival"] - base) for r in rows_of(log)]
    assert found == [("b", 0, 0), ("c", 0, 1), ("c", 1, 2), ("a", 0, 1 << 20)]
    monkeypatch.setattr(payload_log, "REQUESTS_READ", 1)
    assert [
        (r["request_id"], r["arrival"] - base) for r in rows_of(log, after=base, until=base + 2)
    ] == [("c", 1), ("c", 2)]
    assert log.watermark() - base == (2 << 20) - 1
    assert log.answered([("c", 1), ("c", 2), ("it's", 0)]) == {("c", 1)}


def test_what_is_not_settled_waits_and_what_comes_later_is_counted(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ages = (300, 90, 10)  # minutes
    place = write(
        tmp_path / "t",
        [
            logged(databricks_request_id=f"d{a}", request_time=now - timedelta(minutes=a))
            for a in ages
        ],
    )
    log = payload(place, settle_minutes=60)
    until = log.watermark()
    assert [row["request_id"] for row in rows_of(log, until=until)] == ["d300", "d90"]
    before = until, log.recent(until)
    assert before[1] == 2 and came_late(log, before) == 0
    write(place, [logged(databricks_request_id="late", request_time=now - timedelta(minutes=100))])
    write(place, [logged(databricks_request_id="new", request_time=now - timedelta(minutes=80))])
    assert came_late(log, before) == 1
    assert [row["request_id"] for row in rows_of(log, after=until)] == ["new"]


def test_failed_and_doubled_requests_are_counted_and_in_no_window(tmp_path: Path) -> None:
    rows = [
        logged(databricks_request_id=f"d{n}", request_time=NOW + timedelta(seconds=n))
        for n in range(20)
    ]
    rows += [rows[3], logged(status_code=429), logged(request=None, databricks_request_id="x")]
    log = payload(write(tmp_path / "t", rows))
    windows = Windows(10)
    taken = read_windows(log, windows, log.watermark(), 10)
    assert (taken.rows, taken.left_out, taken.in_windows, windows.waiting) == (23, 2, 20, 1)
    assert taken.damaged == 1 and taken.reasons == {
        "status 429": 1,
        "logged twice": 1,
        "no request was logged": 1,
    }


def test_requests_without_an_id_are_each_their_own(tmp_path: Path) -> None:
    rows = [logged(databricks_request_id=None, client_request_id=name) for name in ("a", "b")]
    found = rows_of(payload(write(tmp_path / "t", [*rows, logged()])))
    assert {row["request_id"] for row in found} == {"a", "b", "d1"}
    assert {row["why"] for row in found} == {""}


def test_served_entities_say_which_version_answered(tmp_path: Path) -> None:
    place = write(tmp_path / "t", [logged()])
    entities = write_entities(tmp_path / "served", {"e7": ("prod.nli.classifier", "7")})
    (row,) = rows_of(payload(place, entities={"filepath": str(entities)}), columns=COLUMNS)
    assert (row["model"], row["version"], row["digest"]) == ("prod.nli.classifier", "7", None)


def test_labels_come_by_request_id_the_last_one_counts_and_none_vanishes(tmp_path: Path) -> None:
    hour = timedelta(hours=1)
    said = [("d1", "neutral", NOW + hour), ("d1", "entailment", NOW + 2 * hour)]
    said += [("d2", "maybe", NOW), ("d3", "neutral", None), ("old", "neutral", NOW - 72 * hour)]
    words = write(tmp_path / "labels", [dict(zip(LABELS.names, word)) for word in said], LABELS)
    log = payload(write(tmp_path / "t", [logged()]), feedback={"filepath": str(words)})
    truths = settle(log.feedback(after=log.watermark()), TruthSettings())
    assert truths.labels == {("d1", 0): 0} and truths.damaged == 2
    assert settle(log.feedback(), TruthSettings()).labels == {("d1", 0): 0, ("old", 0): 1}
    nobody = payload(tmp_path / "t", feedback={"filepath": str(tmp_path / "none")})
    assert list(nobody.feedback()) == []


def test_no_table_and_a_wrong_one_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoLogHere, match="no Delta table at .*nowhere"):
        payload(tmp_path / "nowhere").watermark()
    wrong = write(tmp_path / "w", [dict.fromkeys(LABELS.names)], LABELS)
    with pytest.raises(LogUnreadable, match="has no databricks_request_id.*shape"):
        payload(wrong).watermark()
    with pytest.raises(LogUnreadable, match="has no position, arrival"):
        InferenceTableDataset(shape="log", filepath=str(wrong)).load().watermark()
    with pytest.raises(DatasetError, match="give filepath .* or table"):
        InferenceTableDataset(shape="log", filepath="here", table="a.b.c")
    with pytest.raises(DatasetError, match="neither payload nor log"):
        InferenceTableDataset(shape="sql", filepath="here")
    with pytest.raises(DatasetError, match="load-only"):
        InferenceTableDataset(shape="log", filepath="here").save("rows")
    empty = write(tmp_path / "empty", [])
    assert payload(empty).watermark() == 0 and rows_of(payload(empty)) == []


def test_a_table_that_keeps_days_only_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payload_log, "IN_A_MILLISECOND", 4)
    rows = [logged(databricks_request_id=f"d{n}") for n in range(5)]
    with pytest.raises(LogUnreadable, match="more than 3 pairs of 2026-03-01"):
        rows_of(payload(write(tmp_path / "t", rows)))
