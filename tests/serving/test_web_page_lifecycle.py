"""The page in a real browser: environments, and what the service does now, as they change."""

from __future__ import annotations

import time

import pytest
from page_moves import go
from page_table import ready_environments, ready_status
from released_bundles import until

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow
pytest_plugins = ["page_browser"]


def test_lifecycle_shows_environments_decisions_and_only_followable_reports(page, stub):
    go(page, "Lifecycle")
    cards = page.locator("#environments article")
    expect(cards).to_have_count(3)
    dev, staging, prod = cards.all()
    expect(dev).to_contain_text("None yet.")
    expect(staging).to_contain_text("version 8 c41d9ef08a7b")
    expect(staging.locator("time").first).to_have_attribute("datetime", "2026-11-20T09:12:44.000Z")
    expect(prod).to_contain_text("Frozen. Holiday season, until January 7")
    expect(prod).to_contain_text("Customers report wrong answers about dates.")
    expect(staging.get_by_role("link", name="report")).to_have_count(2)
    expect(prod.get_by_role("link", name="report")).to_have_count(1)
    expect(staging).not_to_contain_text("withdrawn")
    link = prod.get_by_role("link", name="report")
    assert link.get_attribute("href").startswith("https://mlflow.example.org/")
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_lifecycle_shows_traffic_registry_shadow_and_alert_as_they_change(page, stub):
    go(page, "Lifecycle")
    expect(page.locator("#now")).to_contain_text("18 of 2048 pairs")
    expect(page.locator("#now")).to_contain_text("Reachable")
    expect(page.locator("#now")).to_contain_text("No candidate answers beside the champion.")
    traffic = page.locator("#traffic")
    expect(traffic).to_contain_text("10.9 per s")
    expect(traffic).to_contain_text("10.4 ms")
    expect(traffic).to_contain_text("41.7 ms")
    expect(traffic.get_by_role("img").nth(1)).to_have_accessible_name(
        "Latency, p50 over the last 60 seconds: now 10.4 ms, at most 11.0 ms"
    )
    expect(traffic.locator("svg").nth(1).locator("polyline")).to_have_count(
        2
    )  # a gap of no traffic
    stub.status = {
        "registry": {
            "reachable": False,
            "looked": None,
            "lag_epochs": 1,
            "alert": "Kept version 7.",
        },
        "traffic": ready_status()["traffic"] | {"requests": 0, "p50_ms": None, "p99_ms": None},
        "shadow": {"version": "8", "digest": "c41d9ef08a7b4c6d", "epoch": 12, "share": 0.1},
    }
    expect(page.locator("#notice")).to_have_text("Kept version 7.")
    expect(page.locator("#now")).to_contain_text("Cannot be reached")
    expect(page.locator("#now")).to_contain_text("1 epoch")
    expect(page.locator("#now")).to_contain_text("Version 8, 10% of requests")
    expect(traffic).to_contain_text("– ms")
    registry = ready_status()["registry"] | {"lag_epochs": None}
    stub.status = {
        "model": None,
        "environment": None,
        "registry": registry,
        "traffic": ready_status()["traffic"] | {"series": []},
    }
    expect(page.locator("#now")).to_contain_text("nothing was released yet")
    expect(page.locator("#now")).to_contain_text("unknown")
    expect(page.locator("#served")).to_have_text("no model yet: nothing was released")
    expect(page.locator("#notice")).to_be_hidden()


def test_seconds_without_requests_are_zeros_and_a_lone_latency_is_a_dot(page, stub):
    now = int(time.time())
    series = [{"t": now - 40, "requests": 3, "p50_ms": 5.0}]
    few = {"requests": 3, "p50_ms": 5.0, "p99_ms": 9.0, "series": series}
    stub.status = {"traffic": ready_status()["traffic"] | few}
    go(page, "Lifecycle")
    requests, p50, _ = page.locator("#traffic svg").all()
    expect(page.locator("#traffic")).to_contain_text("0.05 per s")
    expect(p50.locator("polyline")).to_have_class("line dot")
    points = requests.locator("polyline").get_attribute("points").split()
    heights = [float(point.split(",")[1]) for point in points]
    assert len(points) == 60 and heights.count(min(heights)) == 1
    assert heights.count(max(heights)) == 59
    stub.status = {}
    expect(page.locator("#traffic")).to_contain_text("10.9 per s")


def test_the_registry_is_asked_only_while_its_view_is_seen(page, stub):
    expect(page.locator("#served")).to_contain_text("version 7")
    assert {path for path, _ in stub.asked} == {"/status"}
    withdrawn = {"version": "8", "digest": "c41d9ef08a7b", "withdrawn": "rolled back: dates"}
    stub.environments = [ready_environments()[1] | {"candidate": withdrawn, "champion": None}]
    go(page, "Lifecycle")
    article = page.locator("#environments article")
    expect(article).to_contain_text("version 8 c41d9ef08a7b withdrawn: rolled back: dates")
    stub.environments = []
    page.reload()
    expect(page.locator("#environments")).to_contain_text("knows no environment")


def test_nobody_is_asked_while_the_page_is_hidden(page, stub):
    expect(page.locator("#served")).to_contain_text("version 7")
    visible = "(state) => { Object.defineProperty(document, 'hidden', { value: state, "
    visible += "configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(visible, True)
    page.wait_for_timeout(1000)  # for a question that is on its way
    before = len(stub.asked)
    page.wait_for_timeout(2500)
    assert len(stub.asked) == before
    page.evaluate(visible, False)
    until(lambda: len(stub.asked) > before)
