"""What monitoring wrote, as the service hands it out: as it is, or why not."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from monitoring_story import quiet, story
from running_service import FixedSource, make_settings

from nli_lifecycle.monitoring.report import MonitoringReport
from nli_lifecycle.report.monitoring.page import render_monitoring
from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.endpoints.monitoring import monitoring_routes
from nli_lifecycle.serving.monitoring import FRESH_S, MonitoringFile
from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import MonitoringSettings

FRESH = quiet(made=datetime.now(timezone.utc))


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where monitoring writes; nothing is there yet."""
    return tmp_path / "report.json"


@pytest.fixture
def client(path: Path, clock: Clock) -> Iterator[TestClient]:
    """A service that shows it."""
    app = FastAPI(
        exception_handlers={Problem: lambda _, problem: problem.response("r")},
    )
    app.include_router(
        monitoring_routes(MonitoringFile(MonitoringSettings(report=str(path)), clock))
    )
    with TestClient(app) as made:
        yield made


@pytest.fixture
def write(path: Path, clock: Clock) -> Callable[[bytes | MonitoringReport], None]:
    """Write the file, and wait until it is looked at again."""

    def written(content: bytes | MonitoringReport) -> None:
        body = content if isinstance(content, bytes) else content.model_dump_json().encode()
        path.write_bytes(body)
        clock.now += FRESH_S
        os.utime(path, (1_800_000_000 + clock.now, 1_800_000_000 + clock.now))

    return written


def test_before_monitoring_has_run_it_says_what_to_do(client: TestClient) -> None:
    """And finds the report when it has."""
    answer = client.get("/monitoring")
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert "--pipelines monitoring" in answer.json()["message"]
    assert client.get("/monitoring/report").status_code == 404


def test_without_a_setting_it_names_the_setting(source: FixedSource) -> None:
    """Through the whole service."""
    with TestClient(create_app(make_settings(), source, environment={})) as client:
        answer = client.get("/monitoring")
        assert answer.status_code == 404 and "monitoring.report" in answer.json()["message"]
        assert client.get("/monitoring/report").status_code == 404


@pytest.mark.parametrize(
    "damaged, why",
    [
        (b"", "not written to its end"),
        (b'{"environment": "prod"', "not written to its end"),
        (b"[]", "does not say environment"),
        (b'{"environment": "prod", "model": "m", "made": "2026-01-01"}', "does not say windows"),
        (
            FRESH.model_dump_json().replace(FRESH.made.isoformat()[:10], "soon").encode(),
            "when it was made",
        ),
        (b"\xff\xfe", "no valid JSON"),
    ],
    ids=["empty", "cut off", "a list", "of another shape", "no time", "no text"],
)
def test_a_damaged_file_gives_the_last_good_one_and_says_so(
    client: TestClient, write: Callable[..., None], damaged: bytes, why: str
) -> None:
    """Without a good one before it, 503."""
    write(damaged)
    refused = client.get("/monitoring")
    assert refused.status_code == 503 and why in refused.json()["message"]
    assert refused.headers["retry-after"] == "3"
    write(FRESH)
    good = client.get("/monitoring")
    assert good.status_code == 200 and "warning" not in good.headers
    write(damaged)
    kept = client.get("/monitoring")
    assert kept.content == good.content
    assert kept.headers["warning"].startswith('110 - "Monitoring')
    assert why in kept.headers["warning"] and "last good one" in kept.headers["warning"]
    write(FRESH.model_copy(update={"watermark": 7}))
    healed = client.get("/monitoring")
    assert healed.json()["watermark"] == 7 and "warning" not in healed.headers


def test_a_file_that_is_gone_is_remembered(
    client: TestClient, write: Callable[..., None], path: Path, clock: Clock
) -> None:
    """With a warning."""
    write(FRESH)
    good = client.get("/monitoring")
    path.unlink()
    clock.now += FRESH_S
    kept = client.get("/monitoring")
    assert kept.content == good.content and "is gone" in kept.headers["warning"]


def test_an_old_document_is_called_old(client: TestClient, write: Callable[..., None]) -> None:
    """After a day, by default."""
    write(quiet(made=datetime.now(timezone.utc) - timedelta(hours=26)))
    assert "has not run for 26 hours" in client.get("/monitoring").headers["warning"]


def test_the_document_goes_out_as_it_is(client: TestClient, write: Callable[..., None]) -> None:
    """Byte for byte, and again only when it is new."""
    write(story())
    answer = client.get("/monitoring")
    assert answer.headers["content-type"] == "application/json"
    assert MonitoringReport.model_validate_json(answer.content) == story()
    again = client.get("/monitoring", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    write(FRESH)
    assert client.get("/monitoring").headers["etag"] != answer.headers["etag"]


def test_the_file_is_looked_at_every_few_seconds_at_most(
    client: TestClient, write: Callable[..., None], path: Path, clock: Clock
) -> None:
    """Whoever asks meanwhile gets what is known."""
    write(FRESH)
    first = client.get("/monitoring")
    path.write_bytes(FRESH.model_copy(update={"watermark": 7}).model_dump_json().encode())
    clock.now += FRESH_S - 0.1
    assert client.get("/monitoring").content == first.content
    clock.now += 0.1
    assert client.get("/monitoring").json()["watermark"] == 7


def test_the_file_is_not_read_on_the_event_loop(
    client: TestClient, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large one would make everybody wait."""
    write(FRESH)
    readers: set[str] = set()
    read = Path.read_bytes

    def noted(path: Path) -> bytes:
        readers.add(threading.current_thread().name)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    assert client.get("/monitoring").status_code == 200
    assert readers and all(name.startswith("asyncio_") for name in readers)


def test_the_page_may_ask_for_nothing(client: TestClient, path: Path) -> None:
    """Its style is all that is allowed."""
    html = render_monitoring(story())
    path.with_suffix(".html").write_text(html)
    answer = client.get("/monitoring/report")
    assert answer.text == html and answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy and "sandbox" in policy
    assert [part for part in policy if part.startswith("style-src")] == [
        "style-src 'unsafe-inline'"
    ]
    assert not any("script" in part for part in policy)


def test_it_is_open_like_what_the_page_reads_besides(source: FixedSource, path: Path) -> None:
    """Tokens are for predicting; the whole service sets its own headers beside the page's."""
    path.write_text(FRESH.model_dump_json())
    path.with_suffix(".html").write_text("<p>page</p>")
    settings = make_settings(monitoring={"report": str(path)})
    tokens = {"NLI_SERVE_TOKEN": "predict-token-1234567"}
    with TestClient(create_app(settings, source, environment=tokens)) as client:
        answer = client.get("/monitoring")
        assert answer.status_code == 200 and json.loads(answer.content)["environment"] == "prod"
        page = client.get("/monitoring/report")
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style")
        assert page.headers["x-content-type-options"] == "nosniff"
        assert client.get("/monitoring/other").status_code == 401
        assert client.post("/monitoring").status_code == 405
