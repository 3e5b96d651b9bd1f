"""The page in a real browser: services that refuse, are away or say hostile things."""

from __future__ import annotations

import pytest
from page_moves import compare, go
from page_stub import Stub, running
from page_table import ready_environments

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow
pytest_plugins = ["page_browser"]

ATTACK = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


def test_a_service_that_refuses_is_quoted_with_when_to_come_back(page, stub):
    page.watched.refusals_expected = True
    stub.failing["/predict"] = (429, "2048 pairs are waiting already.", {"Retry-After": "7"})
    compare(page, "A cat.", "An animal.")
    shown = page.locator("#playground [role=alert]")
    expect(shown).to_contain_text("The service is busy")
    expect(shown).to_contain_text("2048 pairs are waiting already.")
    expect(shown).to_contain_text("Try again in 7 s.")
    expect(shown).to_contain_text("RESOURCE_EXHAUSTED · r-refused")
    expect(page.locator("#feedback")).to_be_hidden()
    stub.failing["/predict"] = (503, "No model was released yet.", {"Retry-After": "1"})
    compare(page, "A cat.", "An animal.")
    expect(shown).to_contain_text("No model was released yet.")
    stub.failing.clear()
    compare(page, "A cat.", "An animal.")
    expect(page.locator("#playground .verdict")).to_be_visible()
    expect(shown).to_have_count(0)


def test_an_answer_that_is_no_json_is_said_in_words(page):
    page.watched.refusals_expected = True
    page.route("**/predict", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    compare(page, "A cat.", "An animal.")
    expect(page.locator("#playground [role=alert]")).to_contain_text("status 502")


def test_a_service_that_is_away_is_said_and_its_return_noticed(page, browser, context_options):
    stub = Stub()
    with running(stub):
        page.watched.origin = stub.url
        page.goto(stub.url)
        expect(page.locator("#served")).to_contain_text("version 7")
    page.watched.refusals_expected = True
    expect(page.locator("#notice")).to_contain_text("cannot be reached")
    compare(page, "A cat.", "An animal.")
    expect(page.locator("#playground [role=alert]")).to_contain_text("cannot be reached")
    with running(stub):
        expect(page.locator("#notice")).to_be_hidden()
        compare(page, "A cat.", "An animal.")
        expect(page.locator("#playground .verdict")).to_be_visible()


def test_a_token_is_asked_for_kept_for_the_session_only_and_sent(page, stub):
    page.watched.refusals_expected = True
    stub.token = "right-token"
    page.reload()
    expect(page.locator("#served")).to_contain_text("version 7")  # which anybody may know
    compare(page, "A cat.", "An animal.")
    field = page.get_by_label("Access token")
    expect(field).to_be_focused()
    expect(page.locator("#notice")).to_be_hidden()
    field.fill("wrong-token")
    field.press("Enter")
    expect(page.locator("#token-note")).to_contain_text("did not accept")
    field.fill("right-token")
    page.get_by_role("button", name="Use it").click()
    expect(field).to_be_hidden()
    expect(page.locator("#playground .verdict")).to_be_visible()  # asked again by itself
    kept = page.evaluate("() => [Object.values(sessionStorage), localStorage.length]")
    assert kept == [["right-token"], 0]
    assert "right-token" not in page.url and page.context.cookies() == []
    stub.token = "rotated-token"
    compare(page, "A cat.", "An animal.")
    expect(field).to_be_visible()
    expect(page.locator("#playground [role=alert]")).to_contain_text("A token is needed")


def test_a_closed_status_is_not_asked_for_over_and_over_without_a_token(page, stub):
    page.watched.refusals_expected = True
    stub.token, stub.open_paths = "right-token", ()
    page.reload()
    field = page.get_by_label("Access token")
    expect(field).to_be_visible()
    expect(field).not_to_be_focused()
    refused = []
    page.on("response", lambda response: refused.append(response.status))
    page.wait_for_timeout(2500)
    assert refused == []
    field.fill("right-token")
    field.press("Enter")
    expect(page.locator("#served")).to_contain_text("version 7")


def test_what_the_service_says_never_becomes_markup(page, stub):
    model = {"name": ATTACK, "version": ATTACK, "digest": ATTACK, "epoch": 1}
    registry = {"reachable": False, "looked": None, "lag_epochs": 2, "alert": ATTACK}
    stub.status = {"model": model, "environment": ATTACK, "registry": registry}
    environment = ready_environments()[1] | {"environment": ATTACK, "frozen": ATTACK}
    for decision in environment["decisions"]:
        decision |= {"kind": ATTACK, "reason": ATTACK, "actor": ATTACK, "time": ATTACK}
    environment["decisions"][0]["report"] = "javascript:document.title='taken'"
    environment["decisions"][1]["report"] = ATTACK
    stub.environments = [environment]
    page.reload()
    expect(page.locator("#notice")).to_have_text(ATTACK)
    go(page, "Lifecycle")
    article = page.locator("#environments article")
    expect(article).to_contain_text(ATTACK)
    expect(article.get_by_text("javascript:document.title='taken'", exact=True)).to_be_visible()
    assert [link.get_attribute("href") for link in article.get_by_role("link").all()] in (
        [],
        [ATTACK],  # relative: an address of this very service
    )
    go(page, "Playground")
    compare(page, ATTACK, ATTACK)
    expect(page.locator("#playground .verdict")).to_be_visible()
    go(page, "Zero-shot")
    page.get_by_label("Text", exact=True).fill(ATTACK)
    page.get_by_label("Labels", exact=True).fill(ATTACK)
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#classify .verdict")).to_have_text(ATTACK)
    go(page, "Document check")
    page.get_by_label("Document", exact=True).fill(f"{ATTACK}. {ATTACK}.")
    page.get_by_label("Claims, one per line").fill(ATTACK)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#check .claims button")).to_contain_text(ATTACK)
    expect(page.locator("#check .document")).to_have_text(f"{ATTACK}. {ATTACK}.")
    assert page.locator("main img, main script").count() == 0
    assert page.title() == "NLI service"


def test_a_registry_that_is_away_leaves_what_was_known(page, stub):
    go(page, "Lifecycle")
    expect(page.locator("#environments article")).to_have_count(3)
    page.watched.refusals_expected = True
    stub.failing["/lifecycle"] = (503, "The registry cannot be asked.", {"Retry-After": "5"})
    go(page, "Playground")
    go(page, "Lifecycle")
    expect(page.locator("#environments-error")).to_contain_text("The registry cannot be asked.")
    expect(page.locator("#environments article")).to_have_count(3)
