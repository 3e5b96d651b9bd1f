"""The few moves on the service's page that its browser tests share."""

from __future__ import annotations

from collections.abc import Iterator

LABELS = ("entailment", "neutral", "contradiction")


def go(page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()


def compare(page, premise: str, hypothesis: str) -> None:
    page.get_by_label("Premise").fill(premise)
    page.get_by_label("Hypothesis", exact=True).fill(hypothesis)
    page.get_by_role("button", name="Compare").click()


def bars(page, panel: str) -> dict[str, float]:
    """The bars of a view's answer, in percent."""
    rows = page.locator(f"#{panel} .answer .bars").first.locator("li").all()
    return {
        row.locator(".name").inner_text(): float(row.locator(".number").inner_text().rstrip("%"))
        for row in rows
    }


def fill_every_view(page) -> Iterator[str]:
    """Visit each view, with an answer in it."""
    for tab, example, shown in (
        ("Playground", "Budget", "#playground .verdict"),
        ("Zero-shot", "Delivery", "#classify .verdict"),
        ("Document check", "Bridge", "#check .claims"),
    ):
        go(page, tab)
        page.get_by_role("button", name=example).click()
        page.locator(shown).wait_for()
        for summary in page.locator("summary:visible").all():
            summary.click()
        yield tab
    go(page, "Lifecycle")
    page.locator("#environments article").first.wait_for()
    page.locator("#traffic svg").first.wait_for()
    yield "Lifecycle"
