"""The page in a real browser: each view shows what was answered, and sends what was typed."""

from __future__ import annotations

import pytest
from page_moves import bars, compare, fill_every_view, go
from page_table import DIGEST, answer, ready_environments, ready_status

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow
pytest_plugins = ["page_browser"]


def test_playground_says_which_model_answered_and_sends_what_was_typed(page, stub):
    compare(page, "  A cat\nsleeps. ", "Somebody is making music.")
    facts = page.locator("#playground .facts")
    for said in ("prod.nli.classifier", f"7 {DIGEST[:12]}", "12"):
        expect(facts).to_contain_text(said)
    assert bars(page, "playground") == {"entailment": 96.2, "neutral": 3.1, "contradiction": 0.7}
    page.get_by_role("button", name="No, neutral").click()
    expect(page.locator("#feedback-said")).to_contain_text("Recorded")
    asked = [(path, body) for path, body in stub.asked if body is not None]
    request_id = facts.locator("code").last.inner_text()
    assert asked == [
        ("/predict", {"premise": "  A cat\nsleeps. ", "hypothesis": "Somebody is making music."}),
        (
            "/feedback",
            {"request_id": request_id, "position": 0, "label": "neutral", "source": "page"},
        ),
    ]


def test_the_newest_question_wins(page):
    def late(route):
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/predict", late, times=1)
    compare(page, "A cat.", "An animal.")
    compare(page, "A cat.", "Somebody is making music.")
    expect(page.locator("#playground .verdict")).to_contain_text("Entailment")
    page.wait_for_timeout(500)
    expect(page.locator("#playground .verdict")).to_contain_text("Entailment")


def test_zero_shot_with_chips_one_label_and_several(page, stub):
    go(page, "Zero-shot")
    page.get_by_label("Text", exact=True).fill("The striker scored twice.")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#classify [role=alert]")).to_contain_text("at least one label")
    field = page.get_by_label("Labels", exact=True)
    field.press_sequentially("sports,politics,")
    field.fill("a, sports, b")
    expect(page.locator(".chips li")).to_have_count(4)  # sports is there once
    field.press("Backspace")
    page.get_by_role("button", name="Remove a").click()
    expect(field).to_be_focused()
    field.press_sequentially("cooking")  # still being typed, and meant
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#classify .verdict")).to_be_visible()
    found = bars(page, "classify")
    assert set(found) == {"sports", "politics", "cooking"}
    assert sum(found.values()) == pytest.approx(100, abs=0.2)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    page.get_by_label("Several labels may fit").check()
    page.get_by_label("Hypothesis template").fill("It is about {}.")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#classify .answer")).to_contain_text("scored on its own")
    assert [body for path, body in stub.asked if path == "/classify"][-1] == {
        "text": "The striker scored twice.",
        "labels": ["sports", "politics", "cooking"],
        "template": "It is about {}.",
        "multi_label": True,
    }


def test_document_check_marks_evidence_after_emoji(page, stub):
    first, second = "🚀👩🏽‍🚀𝔘𝔫𝔦 liftoff went well.", "🚧 The bridge is shut until May."
    document = f"{first} {second} Nothing else was said."
    go(page, "Document check")
    page.get_by_label("Document", exact=True).fill(document)
    page.get_by_label("Claims, one per line").fill("It flew.\n\n  The bridge is closed.  \n")
    page.get_by_role("button", name="Check").click()
    claims = page.locator("#check .claims button")
    expect(claims).to_have_count(2)
    expect(claims.nth(1)).to_contain_text("Entailment 94.1%")
    mark = page.locator("#check mark")
    expect(mark).to_have_text(first)
    claims.nth(1).click()
    expect(claims.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(mark).to_have_text("The bridge is shut until May.")
    expect(page.locator("#check .document")).to_have_text(document)
    page.locator("#check summary").nth(1).click()
    expect(page.locator("#check .evidence").nth(1)).to_contain_text("The bridge is shut until May.")
    [(_, asked)] = [call for call in stub.asked if call[0] == "/check"]
    assert asked == {"document": document, "claims": ["It flew.", "The bridge is closed."]}


def test_evidence_is_marked_as_its_claim_was_judged_and_neutral_has_none(page):
    found = {"entailment": 0.01, "neutral": 0.02, "contradiction": 0.97}
    evidence = [{"start": 0, "end": 7, "text": "It fell"}]
    results = [
        {"label": "neutral", "probabilities": found, "evidence": []},
        {"label": "contradiction", "probabilities": found, "evidence": evidence},
    ]
    page.route("**/check", lambda route: route.fulfill(json=answer(results=results)))
    go(page, "Document check")
    page.get_by_label("Document", exact=True).fill("It fell.")
    page.get_by_label("Claims, one per line").fill("It is red.\nIt rose.")
    page.get_by_role("button", name="Check").click()
    claims = page.locator("#check .claims button")
    expect(claims).to_contain_text(["It is red.", "It rose."])
    expect(page.locator("#check mark")).to_have_count(0)
    expect(page.locator("#check details").first).to_contain_text("No sentence speaks")
    claims.nth(1).click()
    expect(page.locator("#check mark")).to_have_class("contradiction")
    expect(page.locator("#check .evidence")).to_have_text("It fell")


def test_overlapping_and_touching_evidence_is_marked_once(page):
    pieces = page.evaluate(
        """async () => {
          const { marked } = await import("/page/check.js");
          const at = (start, end) => ({ start, end });
          const evidence = [at(5, 7), at(1, 4), at(3, 5), at(2, 3)];
          const pieces = marked(Array.from("0123456789"), evidence, "neutral");
          return pieces.map((piece) => piece.tagName ? `[${piece.textContent}]` : piece);
        }"""
    )
    assert "".join(pieces) == "0[123][4][56]789"


@pytest.mark.parametrize("context_options", [{"viewport": {"width": 390, "height": 844}}])
def test_a_phone_needs_no_sideways_scrolling(page, stub):
    long = "x" * 300
    stub.environments = [ready_environments()[2] | {"model": long, "frozen": long}]
    stub.status = {"registry": ready_status()["registry"] | {"alert": long}}
    page.reload()
    expect(page.locator("#notice")).to_be_visible()
    for tab in fill_every_view(page):
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide == 390, tab
    go(page, "Playground")
    compare(page, long, long)
    go(page, "Zero-shot")
    page.get_by_label("Labels", exact=True).fill(f"{long},")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#classify .bars")).to_contain_text(long)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("context_options", [{"viewport": {"width": 390, "height": 600}}])
def test_a_phone_scrolls_to_the_answer(page):
    verdict = page.locator("#playground .verdict")
    page.get_by_role("button", name="Dogs").click()
    expect(verdict).to_be_in_viewport()
