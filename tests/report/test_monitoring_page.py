"""The page of monitoring says everything, draws nothing that is no figure, and stays small."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from monitoring_story import (
    BACK,
    DROPPED,
    MODEL,
    RELEASED,
    RELEASES,
    alert,
    moment,
    quiet,
    shown,
    story,
    with_finding,
)

from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.report import MonitoringReport, SliceQuality
from nli_lifecycle.report.monitoring.columns import Group, laid_out, pooled
from nli_lifecycle.report.monitoring.page import render_monitoring
from nli_lifecycle.report.monitoring.standing import answering, standing

VOID = {"meta", "br", "line", "circle", "path", "use", "rect"}
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
INTERLEAVED = quiet([shown(n, "34"[n % 2]) for n in range(30)])
UNKNOWN = quiet([shown(n, states="insufficient") for n in range(12)])


class Balance(HTMLParser):
    """Checks that every element is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Nothing to close."""

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def text_of(html: str) -> str:
    """What is read, without what only a pointer shows."""
    bare = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", bare).split())


@pytest.mark.parametrize(
    "report, title",
    [
        (quiet(), "Nothing measured yet"),
        (quiet([shown(0)]), "No open alerts"),
        (UNKNOWN, "Accuracy is not known"),
        (INTERLEAVED, "No open alerts"),
        (story(), "One open alert"),
        (quiet([shown(0)], alerts=[alert(state="acknowledged")]), "Acknowledged alerts only"),
        (quiet(alerts=[alert(state="open"), alert(id="b", state="open")]), "2 open alerts"),
    ],
)
def test_every_state_makes_a_whole_page(report: MonitoringReport, title: str) -> None:
    html = render_monitoring(report)
    assert f"<h1>{title}</h1>" in html
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    assert not re.search(r"\bNone\b(?! was planned)|\bnan\b|\binf\b|Undefined", text_of(html))


def test_an_open_alert_is_said_first_with_what_to_do() -> None:
    text = text_of(render_monitoring(story()))
    first = text.index("● warning · label mix moved")
    assert "Ask who calls the service what has changed." in text[first : first + 400]
    assert first < text.index("◆ info · nothing logged · acknowledged by Ada") < text.index("Now")


def test_figures_of_now_are_those_of_the_last_windows_that_have_them() -> None:
    text = text_of(render_monitoring(story()))
    window = shown(36)
    realised = next(f for f in window.found.findings if f.name == "realised_accuracy")
    assert f"Realised accuracy {100 * realised.value:.1f}%" in text
    assert f"{100 * realised.low:.1f} to {100 * realised.high:.1f}" in text
    assert "window 36, 320 pairs" in text and "window 39, 500 pairs" in text
    assert "points from the release’s 88.4%" in text


def test_what_was_measured_before_a_rollback_is_not_said_to_be_now() -> None:
    late = [shown(n, states="insufficient") for n in (BACK, BACK + 1)]
    report = quiet([*map(shown, range(BACK)), *late])
    assert [window.found.window for window in answering(report)] == [BACK, BACK + 1]
    assert standing(report).title == "Accuracy is not known"


@pytest.mark.parametrize("state", ["insufficient", "refused", "missing"])
def test_what_is_no_figure_is_never_drawn_as_one(state: str) -> None:
    html = render_monitoring(quiet([with_finding("realised_accuracy", state=state)]))
    assert 'class="value realised" href="#dot" x=' not in html
    assert f'class="gap {state}"' in html
    assert f"realised accuracy {state}" in html


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_none(value: float | None) -> None:
    html = render_monitoring(quiet([with_finding("realised_accuracy", value=value)]))
    assert 'class="gap missing"' in html and 'href="#dot" x=' not in html


def test_texts_cannot_become_markup() -> None:
    evil = story().model_copy(
        update={
            "environment": EVIL,
            "model": EVIL,
            "notes": (EVIL,),
            "alerts": (alert(state="open", sentence=EVIL, rule=EVIL, by=EVIL),),
            "releases": (
                RELEASES[1].model_copy(update={"reason": EVIL, "by": EVIL, "kind": EVIL}),
            ),
            "slices": (SliceQuality(name=EVIL, pairs=9, value=0.5, low=0.4, high=0.6),),
            "windows": tuple(
                window.model_copy(
                    update={
                        "alarms": (EVIL,),
                        "found": window.found.model_copy(
                            update={
                                "version": EVIL,
                                "findings": (
                                    Finding(name=EVIL, state="missing", pairs=0, why=EVIL),
                                    Finding(
                                        name=EVIL, state="measured", value=1, effect=1, pairs=1
                                    ),
                                ),
                            }
                        ),
                    }
                )
                for window in map(shown, range(3))
            ),
        }
    )
    html = render_monitoring(evil)
    assert "<script" not in html and "<img" not in html
    assert html.count("&lt;script&gt;") > 10
    balance = Balance()
    balance.feed(html)
    assert balance.open == []


def test_the_page_needs_nothing_else() -> None:
    html = render_monitoring(story())
    assert not re.search(r"""src\s*=|href\s*=\s*["'][^#]|@import|url\(|https?://|<script""", html)


def test_releases_stand_between_the_windows_that_they_part() -> None:
    html = render_monitoring(story())
    for mark, position, words in (
        (RELEASES[1], RELEASED, "promote v4"),
        (RELEASES[3], BACK, "rollback to v3"),
    ):
        line = html[html.index(f"<title>{words}, ") :]
        assert mark.by in line[:200]
        assert f'x1="{100 * position / 40:g}%"' in line[:400]
    assert "<title>promote v3, " not in html  # before the first window


def test_the_evidence_changes_with_the_release() -> None:
    html = render_monitoring(story())
    assert "Evidence of version 3: 88.4%" in html and "Evidence of version 4: 89.7%" in html


def test_drift_shows_effects_and_what_is_significant() -> None:
    html = render_monitoring(story())
    strip = html[html.index("<title>label mix, Cohen’s w by window") :].split("</svg>")[0]
    assert strip.count('class="effect much"') == BACK - DROPPED
    assert strip.count('class="significant"') == BACK - DROPPED
    assert strip.count('class="effect little"') == 40 - (BACK - DROPPED)
    unknown = html[html.index("<title>unknown share, PSI by window") :].split("</svg>")[0]
    assert unknown.count('class="none"') == 6


def test_alerts_actions_slices_and_the_account_are_listed() -> None:
    text = text_of(render_monitoring(story()))
    assert "2026-11-08 12:00 UTC 18.0 h" in text  # opened, and for how long
    assert "planned, dry run" in text and "✗ failed" in text
    assert "The registry cannot be reached." in text
    assert text.index("negation 412") < text.index("long premise 640") < text.index("genre: fic")
    assert "80.1% (76.0 to 83.7)" in text and "Too few labels: number words (31)." in text
    assert "20,230 rows read = 20,000 in full windows + 212 waiting" in text
    assert "The webhook operations has not answered" in text


@pytest.mark.parametrize(
    "report, each",
    [(story(2000), 17), (quiet([shown(n, "34"[n % 2]) for n in range(2000)]), 17)],
    ids=["one model", "two in turns"],
)
def test_thousands_of_windows_are_joined_visibly_and_the_page_stays_small(
    report: MonitoringReport, each: int
) -> None:
    html = render_monitoring(report)
    assert f"2,000 windows: each mark is the mean of {each} windows" in html
    assert len(html.encode()) < 1_000_000
    assert "The figures of the latest 60 of 2,000 windows" in html


def test_a_mean_of_windows_is_surer_than_each() -> None:
    windows = tuple(with_finding("realised_accuracy", value=v, low=v - 0.03, high=v + 0.03, pairs=p)
                    for v, p in ((0.80, 100), (0.90, 300)))  # fmt: skip
    figure = pooled(Group(0, 100, windows), "realised_accuracy")
    assert figure is not None
    assert figure.value == pytest.approx(0.875)
    half = 0.03 * (100**2 + 300**2) ** 0.5 / 400
    assert figure.high - figure.value == pytest.approx(half)
    assert figure.value - figure.low == pytest.approx(half)
    assert (figure.lowest, figure.highest, figure.pairs) == (0.80, 0.90, 400)


@pytest.mark.parametrize("count", [1, 11, 12, 13, 119, 120, 121, 1999])
def test_every_window_has_a_place_on_the_chart(count: int) -> None:
    columns = laid_out([shown(0)] * count)
    assert sum(len(group.windows) for group in columns.groups) == count
    assert len(columns.groups) <= 120
    ends = [group.left + group.width for group in columns.groups]
    assert max(ends) <= 100.05
    for end, group in zip(ends, columns.groups[1:]):
        assert group.left == pytest.approx(end, abs=0.02)


def test_places_are_on_the_charts() -> None:
    html = render_monitoring(story(500))
    places = [float(x) for x in re.findall(r'\b(?:x|x1|x2|cx)="([\d.-]+)%"', html)]
    assert len(places) > 500 and all(0 <= place <= 100.05 for place in places)


@pytest.mark.parametrize(("windows", "times"), [(1, 1), (2, 1), (3, 2), (12, 5), (500, 5)])
def test_times_below_a_chart_do_not_touch(windows: int, times: int) -> None:
    html = render_monitoring(quiet([shown(n) for n in range(windows)]))
    below = re.findall(r'<text class="time[^"]*" x="([\d.]+)%"', html)
    places = [float(place) for place in below[: len(below) // 2]]  # quality; traffic has the same
    assert len(places) == times
    assert all(right - left >= 16 for left, right in zip(places, places[1:]))


def test_times_without_a_zone_are_utc() -> None:
    bare = shown(0)
    naive = bare.found.model_copy(
        update={
            "begin": moment(0).replace(tzinfo=None),
            "end": moment(1).replace(tzinfo=None),
        }
    )
    html = render_monitoring(quiet([bare.model_copy(update={"found": naive})], releases=RELEASES))
    assert "2026-11-02 06:00 UTC" in html


def test_rates_that_differ_a_thousandfold_are_drawn_by_their_logarithm() -> None:
    fast = shown(1).found
    fast = fast.model_copy(update={"end": fast.begin + (fast.end - fast.begin) / 5_000})
    still = shown(2).found.model_copy(update={"end": shown(2).found.begin})
    windows = [shown(0), *(shown(0).model_copy(update={"found": found}) for found in (fast, still))]
    html = render_monitoring(quiet(windows))
    assert "by their logarithm" in html and "no rate" in html
    assert "by their logarithm" not in render_monitoring(story())


def test_the_same_report_is_the_same_page() -> None:
    assert render_monitoring(story()) == render_monitoring(story())
    assert MODEL in render_monitoring(story())
