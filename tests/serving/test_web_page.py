"""The page in a real browser: what holds whatever service answers it.

To hold another service to this, give ``service_url`` in a module that imports these tests.
"""

from __future__ import annotations

import re

import pytest
from page_moves import LABELS, bars, compare, fill_every_view, go

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow
pytest_plugins = ["page_browser"]


def test_playground_from_example_to_feedback(page):
    page.get_by_role("button", name="Dogs").click()
    expect(page.get_by_label("Premise")).not_to_be_empty()
    verdict = page.locator("#playground .verdict")
    expect(verdict).to_have_text(re.compile(r"^(Entailment|Neutral|Contradiction)\d+\.\d%$"))
    found = bars(page, "playground")
    assert tuple(found) == LABELS and sum(found.values()) == pytest.approx(100, abs=0.2)
    label = max(found, key=lambda name: found[name])
    expect(verdict).to_contain_text(label.capitalize())
    fills = page.locator("#playground .fill").all()
    tracks = page.locator("#playground .track").all()
    page.wait_for_timeout(400)  # the bars grow
    for name, fill, track in zip(LABELS, fills, tracks):
        grown = fill.bounding_box()["width"] / track.bounding_box()["width"]
        assert 100 * grown == pytest.approx(found[name], abs=0.6)
    said = page.locator("#feedback-said")
    others = [other for other in LABELS if other != label]
    page.get_by_role("button", name=f"Yes, {label}").click()
    expect(said).to_have_text(f"Recorded: {label}. Thank you.")
    page.get_by_role("button", name=f"Yes, {label}").click()
    expect(said).to_have_text("Recorded before.")
    changed = page.get_by_role("button", name=f"No, {others[0]}")
    changed.click()
    expect(said).to_have_text(f"Recorded: {others[0]}. Thank you.")
    expect(changed).to_have_attribute("aria-pressed", "true")


def test_document_check_example_holds_for_every_service(page):
    go(page, "Document check")
    page.get_by_role("button", name="Bridge").click()
    claims = page.get_by_label("Claims, one per line").input_value().split("\n")
    expect(page.locator("#check .claims .claim")).to_have_text(claims)
    for quoted in page.locator("#check .evidence q").all():
        assert quoted.text_content() in page.get_by_label("Document", exact=True).input_value()
    for button in page.locator("#check .claims button").all():
        button.click()
        marks = "".join(page.locator("#check mark").all_text_contents())
        assert marks in page.get_by_label("Document", exact=True).input_value()


def test_every_figure_is_there(page):
    for tab in fill_every_view(page):
        text = page.locator("body").inner_text()
        assert not re.search(r"undefined|\bNaN\b|\bnull\b|\[object|Infinity", text), tab


def test_by_keyboard_only(page):
    page.keyboard.press("Tab")  # the API link
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Playground")).to_be_focused()
    for key, tab in (
        ("ArrowRight", "Zero-shot"),
        ("End", "Lifecycle"),
        ("ArrowRight", "Playground"),
        ("ArrowLeft", "Lifecycle"),
        ("Home", "Playground"),
    ):
        page.keyboard.press(key)
        chosen = page.get_by_role("tab", name=tab)
        expect(chosen).to_be_focused()
        expect(chosen).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel")).to_have_count(1)
        expect(page.get_by_role("tabpanel")).to_have_accessible_name(tab)
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for _ in range(6):
        page.keyboard.press("Tab")  # past the five examples
    expect(page.get_by_label("Premise")).to_be_focused()
    page.keyboard.type("A cat sleeps.")
    page.keyboard.press("Tab")
    page.keyboard.type("Somebody is making music.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#playground .verdict")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Compare")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#feedback-said")).to_contain_text("Recorded")


def test_a_view_has_an_address(page, service_url):
    go(page, "Document check")
    assert page.url == f"{service_url}/#check"
    page.reload()
    expect(page.get_by_role("tab", name="Document check")).to_have_attribute(
        "aria-selected", "true"
    )


def test_controls_are_labelled_and_answers_announced(page):
    assert page.evaluate("() => document.documentElement.lang") == "en"
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('input, textarea')].filter((field) => "
        "field.labels.length === 0).map((field) => field.id)"
    )
    assert unnamed == []
    for panel in ("playground", "classify", "check"):
        expect(page.locator(f"#{panel} .answer")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#notice")).to_have_attribute("role", "alert")


@pytest.mark.parametrize("context_options", [{"reduced_motion": "reduce"}])
def test_nothing_moves_for_those_who_asked_for_it(page):
    compare(page, "A cat.", "An animal.")
    fill = page.locator("#playground .fill").first
    expect(fill).to_be_visible()
    assert fill.evaluate("(bar) => getComputedStyle(bar).transitionProperty") == "none"


#: The lowest contrast of any text that is seen, and where; colours are read back from a canvas,
#: which understands every notation and blends what is transparent.
CONTRAST = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    brush.clearRect(0, 0, 1, 1);
    for (const colour of colours) { brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1); }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const base = matchMedia("(prefers-color-scheme: dark)").matches ? "black" : "white";
  const found = [];
  const fields = [...document.querySelectorAll("input, textarea")];
  const texts = fields.map((field) => [field, field.value]);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    texts.push([walker.currentNode.parentElement, walker.currentNode.data]);
  }
  for (const [holder, text] of texts) {
    if (!text.trim() || !holder.checkVisibility()) continue;
    const behind = [];
    for (let at = holder; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const back = paint([base, ...behind]);
    const front = paint([base, ...behind, getComputedStyle(holder).color]);
    const [high, low] = [light(front), light(back)].sort((one, other) => other - one);
    found.push([(high + 0.05) / (low + 0.05), text.trim().slice(0, 40)]);
  }
  return found;
}"""


@pytest.mark.parametrize(
    "context_options", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"]
)
def test_every_text_is_readable(page, context_options):
    for tab in fill_every_view(page):
        found = page.evaluate(CONTRAST)
        assert len(found) > 15, tab
        assert [(ratio, text) for ratio, text in found if ratio < 4.5] == [], tab
    paper = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    dark = context_options["color_scheme"] == "dark"
    assert paper == ("rgb(18, 23, 30)" if dark else "rgb(255, 255, 255)")
