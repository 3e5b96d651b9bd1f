"""The tab and the page of monitoring in a browser: every state, both widths, light and dark."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from monitoring_story import BACK, DROPPED, RELEASES, alert, quiet, shown, story, with_finding
from page_moves import go
from page_stub import Stub, running
from test_web_page import CONTRAST

from nli_lifecycle.monitoring.findings import Finding

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow
pytest_plugins = ["page_browser"]

ATTACK = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
STATES = {
    "story": story(),
    "empty": quiet(notes=["There is no log yet."]),
    "one": quiet([shown(0)]),
    "insufficient": quiet([shown(n, states="insufficient") for n in range(12)]),
    "interleaved": quiet([shown(n, "34"[n % 2]) for n in range(30)], releases=RELEASES),
    "many": story(2000),
}
LOOKS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]


def looks_well(page, state: str) -> None:
    """Nothing goes beyond the page's width, and every text can be read."""
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("() => document.documentElement.scrollWidth") == width, state
        found = page.evaluate(CONTRAST)
        assert len(found) > 15
        unreadable = [text for ratio, text in found if ratio < 4.5]
        assert unreadable == [], (state, width, scheme)


def opened(page, stub, report) -> None:
    """Go to the tab, with that report behind it."""
    stub.monitored(report)
    page.goto(f"{stub.url}/#monitoring")
    page.reload()
    expect(page.locator("#monitoring-made")).to_contain_text("made")


def test_every_state_of_the_tab_fits_and_can_be_read(page, stub):
    for state, report in STATES.items():
        opened(page, stub, report)
        expect(page.locator("#monitoring-account p")).to_have_count(2)
        looks_well(page, state)
        text = page.locator("#monitoring").inner_text()
        for wrong in ("undefined", "NaN", "null", "[object", "Infinity"):
            assert wrong not in text, state


def test_every_state_of_the_page_fits_and_needs_nothing_else(page, stub):
    for state, report in STATES.items():
        stub.monitored(report)
        page.goto(f"{stub.url}/monitoring/report")
        expect(page.locator("h1")).to_be_visible()
        for summary in page.locator("summary").all():
            summary.click()
        looks_well(page, state)


def test_before_monitoring_has_run_the_tab_says_what_to_do(page):
    page.watched.refusals_expected = True
    with running(Stub()) as fresh:
        page.watched.origin = fresh.url
        page.goto(f"{fresh.url}/#monitoring")
        expect(page.locator("#monitoring-made")).to_contain_text("Monitoring has not run yet")
        expect(page.locator("#monitoring-found")).to_be_hidden()
        fresh.monitored(story())
        page.reload()
        expect(page.locator("#monitoring-found")).to_be_visible()
        page.goto("about:blank")


def test_the_chart_shows_figures_gaps_releases_and_who_answered(page, stub):
    opened(page, stub, story())
    chart = page.locator("#monitoring-chart")
    expect(chart.locator(".value.realised")).to_have_count(35)
    expect(chart.locator(".value.estimated")).to_have_count(36)
    expect(chart.locator(".gap.insufficient")).to_have_count(5)
    expect(chart.locator(".gap.refused")).to_have_count(4)
    expect(chart.locator(".moment text")).to_have_text(["promote v4", "freeze", "rollback to v3"])
    expect(page.locator("#monitoring-drift .effect.much").first).to_be_visible()
    label_mix = page.locator("#monitoring-drift .strip").first
    expect(label_mix.locator(".effect.much")).to_have_count(BACK - DROPPED)
    expect(label_mix.locator(".significant")).to_have_count(BACK - DROPPED)


def test_what_is_refused_is_not_drawn_whatever_its_value(page, stub):
    opened(page, stub, quiet([with_finding("realised_accuracy", state="refused", value=0.5)]))
    chart = page.locator("#monitoring-chart")
    expect(chart.locator(".value.estimated")).to_have_count(1)
    expect(chart.locator(".gap.refused")).to_have_count(1)
    expect(chart.locator(".value.realised")).to_have_count(0)
    expect(page.locator("#monitoring-now")).to_contain_text("Not known: refused.")


def test_pointing_and_arrow_keys_show_a_windows_figures(page, stub):
    opened(page, stub, story())
    chart, chosen = page.locator("#monitoring-chart svg"), page.locator("#monitoring-window")
    width = chart.bounding_box()["width"]
    chart.hover(position={"x": (DROPPED + 1.5) / 40 * width, "y": 100})
    expect(chosen).to_contain_text(f"Window {DROPPED + 1}, version 4")
    expect(chosen).to_contain_text("effect 0.")
    expect(chosen).to_contain_text("fallen")
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(chosen).to_contain_text(f"Window {DROPPED + 2}, version 4")
    expect(chosen).to_contain_text("refused. The calibration on 612 recent labels")
    page.keyboard.press("End")
    expect(chosen).to_contain_text("Window 39, version 3")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(chosen).to_contain_text("Window 0, version 3")


def test_a_figure_and_a_version_are_chosen(page, stub):
    opened(page, stub, story())
    chart = page.locator("#monitoring-chart")
    page.get_by_label("Version", exact=True).select_option("4")
    expect(chart.locator(".value.realised")).to_have_count(13)  # 14 windows, one insufficient
    expect(page.locator("#monitoring-now")).to_contain_text("Version 4")
    page.get_by_label("Figure", exact=True).select_option("damaged rows")
    expect(chart.locator(".value")).to_have_count(14)
    page.get_by_label("Version", exact=True).select_option("all")
    page.get_by_role("button", name="overlap").click()
    expect(page.get_by_label("Figure", exact=True)).to_have_value("overlap")
    expect(chart.locator(".value")).to_have_count(40)


def test_what_was_measured_before_a_rollback_is_not_said_to_be_now(page, stub):
    late = [shown(n, states="insufficient") for n in (BACK, BACK + 1)]
    opened(page, stub, quiet([*map(shown, range(BACK)), *late]))
    expect(page.locator("#monitoring-now")).to_contain_text("Version 3")
    expect(page.locator("#monitoring-now")).to_contain_text("Not known: insufficient. 18 of 400")
    expect(page.locator("#monitoring-alerts")).to_contain_text("accuracy")
    expect(page.locator("#monitoring-alerts")).to_contain_text("is not known")


def test_age_staleness_and_damage_are_said(page, stub):
    now = datetime.now(timezone.utc)
    opened(page, stub, story().model_copy(update={"made": now - timedelta(minutes=3)}))
    expect(page.locator("#monitoring-made")).to_contain_text("made 3 minutes ago")
    expect(page.locator("#monitoring-trouble")).to_be_empty()
    (stub.folder / "report.json").write_text('{"environment": "prod", "windows": [')
    page.reload()
    trouble = page.locator("#monitoring-trouble")
    expect(trouble).to_contain_text("not written to its end. This is the last good one.")
    expect(page.locator("#monitoring-chart .value").first).to_be_visible()
    opened(page, stub, story().model_copy(update={"made": now - timedelta(hours=30)}))
    expect(trouble).to_contain_text("Monitoring has not run for 30 hours")


def test_the_page_is_downloaded_as_it_is(page, stub):
    opened(page, stub, story())
    with page.expect_download() as download:
        page.get_by_role("link", name="Download it as a page").click()
    assert download.value.suggested_filename == "monitoring-prod.html"
    assert download.value.path().read_bytes() == (stub.folder / "report.html").read_bytes()


def test_it_is_asked_for_only_while_its_view_is_seen(page, stub):
    stub.monitored(story())
    asked = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(stub.url)))
    page.goto(stub.url)
    page.reload()
    expect(page.locator("#served")).to_contain_text("version 7")
    assert "/monitoring" not in asked
    go(page, "Monitoring")
    expect(page.locator("#monitoring-found")).to_be_visible()
    assert "/monitoring" in asked


def test_hostile_words_stay_words(page, stub):
    window = shown(0)
    findings = (Finding(name=ATTACK, state="missing", pairs=0, why=ATTACK),)
    found = window.found.model_copy(update={"version": ATTACK, "findings": findings})
    hostile = quiet(
        [window.model_copy(update={"found": found, "alarms": (ATTACK,), "run_id": ATTACK})],
        environment=ATTACK,
        notes=[ATTACK],
        alerts=[alert(state="open", sentence=ATTACK, rule=ATTACK)],
        slices=[{"name": ATTACK, "pairs": 3, "value": 0.5}],
        releases=[RELEASES[1].model_copy(update={"kind": ATTACK, "reason": ATTACK})],
    )
    opened(page, stub, hostile)
    page.get_by_label("Figure", exact=True).select_option(index=1)
    page.locator("#monitoring-chart svg").focus()
    page.keyboard.press("End")
    expect(page.locator("#monitoring-window")).to_contain_text("<script>")
    expect(page).to_have_title("NLI service")
    assert page.locator("#monitoring img, #monitoring script").count() == 0
    page.goto(f"{stub.url}/monitoring/report")
    expect(page.locator("h1")).to_have_text("One open alert")
    assert page.locator("img, script").count() == 0
