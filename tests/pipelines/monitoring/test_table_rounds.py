"""Rounds over Databricks' inference table: the report that the same answers give over SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from logged import by_row, said
from monitoring_run import NOW, PAIRS, MonitoringRun, Traffic
from payloads import LABELS, logged, write, write_entities

from nli_lifecycle.datasets.inference_table import InferenceTableDataset
from nli_lifecycle.monitoring.log import InferenceLog
from nli_lifecycle.monitoring.report import MonitoringReport
from nli_lifecycle.pipelines.monitoring import reading
from nli_lifecycle.pipelines.monitoring.round import MonitoringError
from nli_lifecycle.serving.log.features import Deriver


@pytest.fixture
def traffic(run: MonitoringRun) -> Iterator[Traffic]:
    traffic = Traffic(run.url)
    traffic.log.deriver = Deriver(b"k" * 32, None, True, lambda release: None)  # keep texts
    yield traffic
    traffic.close()


def as_payload(traffic: Traffic, home: Path, first: int = 0) -> InferenceLog:
    """What an endpoint would have written of the same answers; labels, too."""
    reader, requests, labels = traffic.log.reader, [], []
    shares = [f"p_{label}" for label in ("entailment", "neutral", "contradiction")]
    for row in (row for batch in reader.rows(after=first) for row in by_row(batch)):
        body = {"dataframe_records": [{name: row[name] for name in ("premise", "hypothesis")}]}
        answer = {name: row[name] for name in ("label", *shares)}
        entity = {"served_entity_id": f"e{row['version']}", "request_time": row["time"]}
        requests.append(logged(body, [answer], databricks_request_id=row["request_id"], **entity))
    for word in (word for batch in reader.feedback() for word in by_row(batch)):
        labels.append({name: word[name] for name in LABELS.names})
    write(home / "payload", requests[::-1])
    write(home / "labels", labels, LABELS)
    return opened(home)


def opened(home: Path) -> InferenceLog:
    return InferenceTableDataset(
        shape="payload",
        filepath=str(home / "payload"),
        feedback={"filepath": str(home / "labels")},
        entities={"filepath": str(home / "served")},
        settle_minutes=30,
    ).load()


def figures(report: MonitoringReport) -> list[Any]:
    """All that was measured; arrivals are numbered otherwise."""
    found = [window.found.model_dump(mode="json") for window in report.windows]
    return [{k: v for k, v in one.items() if "arrival" not in k} for one in found]


def test_the_report_is_that_of_the_same_answers_over_sql(
    run: MonitoringRun, traffic: Traffic, tmp_path: Path
) -> None:
    first = run.release("one")
    asked = {"endpoint": "/invocations", "latency_ms": 4.0}
    names = traffic.answer(first, 2 * PAIRS + 20, age=timedelta(hours=3), **asked)
    second = run.release("two")
    names += traffic.answer(second, PAIRS, right=0.6, **asked)
    for at, name in enumerate(names[::2]):
        traffic.log.say(said(traffic.truth[name], request_id=name, after=1e8 + at))
    write_entities(
        tmp_path / "served", {f"e{r.version}": (r.model, r.version) for r in (first, second)}
    )
    table = as_payload(traffic, tmp_path)
    over_sql = run()
    (tmp_path / "state.json").unlink()
    over_table = run(table)
    assert len(figures(over_sql)) == 3 and figures(over_table) == figures(over_sql)
    assert over_table.account == over_sql.account and over_table.account.labelled == PAIRS + 60
    assert over_table.slices == over_sql.slices
    assert [w.found.digest for w in over_table.windows] == [first.digest] * 2 + [second.digest]


def test_late_and_unreadable_requests_are_in_the_account_and_in_a_note(
    run: MonitoringRun, traffic: Traffic, tmp_path: Path
) -> None:
    release = run.release()
    traffic.answer(release, PAIRS)
    write_entities(tmp_path / "served", {f"e{release.version}": (release.model, release.version)})
    first = run(as_payload(traffic, tmp_path))
    assert (first.account.rows, first.account.late, first.account.left_out) == (PAIRS, 0, 0)
    assert not any("Rows" in note or "Requests" in note for note in first.notes)
    entity = {"served_entity_id": f"e{release.version}"}
    old, new = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    odd = [
        logged(databricks_request_id="late", request_time=old, **entity),
        logged(databricks_request_id="bad", request_time=new, request="{", **entity),
        logged(databricks_request_id="failed", request_time=new, status_code=503, **entity),
    ]
    write(tmp_path / "payload", odd)
    then = run(opened(tmp_path))
    account = then.account
    assert (account.rows, account.waiting, account.left_out, account.late) == (PAIRS + 2, 1, 1, 1)
    assert account.shadows == 0
    reasons, late = then.notes[:2]
    assert "(status 503: 1, the request is not in MLflow's protocol: 1)" in reasons
    assert "later than it is waited for: 1" in late and "settle_minutes" in late
    assert run(opened(tmp_path)).account.late == 1


def test_a_table_that_cannot_be_read_stops_the_round_and_the_state_stays(
    run: MonitoringRun, traffic: Traffic, tmp_path: Path
) -> None:
    release = run.release()
    traffic.answer(release, PAIRS)
    write_entities(tmp_path / "served", {f"e{release.version}": (release.model, release.version)})
    run(as_payload(traffic, tmp_path))
    before = run.state.load()
    for file in (tmp_path / "payload").glob("*.parquet"):
        file.write_bytes(b"no parquet")
    with pytest.raises(MonitoringError, match="payload cannot be read.*next round"):
        run(opened(tmp_path))
    assert run.state.load() == before


def test_without_the_ledger_rows_that_say_a_version_only_are_read_later(
    run: MonitoringRun, traffic: Traffic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = run.release()
    traffic.answer(release, PAIRS)
    write_entities(tmp_path / "served", {f"e{release.version}": (release.model, release.version)})
    table = as_payload(traffic, tmp_path)

    def away(registry: Any) -> Any:
        raise OSError("no route to host")

    with monkeypatch.context() as patched:
        patched.setattr(reading, "read_releases", away)
        with pytest.raises(MonitoringError, match="versions only.*no route to host"):
            run(table)
    assert run(table).windows[0].found.digest == release.digest
