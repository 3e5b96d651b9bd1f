"""The page says everything, needs nothing, and lets nobody write into it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from ready_evidence import POLICY, around, comparison, evidence, judged, part

from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.budgets import Footprint
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.report.page import write_report

GUARDED = Policy.model_validate({**POLICY.model_dump(), "slices": {"margin": 3}})
PAIR = {
    "pair_id": "p1",
    "genre": "news",
    "premise": "<script>alert(1)</script> A dog & a cat.",
    "hypothesis": "An animal.",
    "label": "entailment",
    "candidate": "neutral",
    "champion": "entailment",
    "candidate_confidence": 0.91,
    "champion_confidence": 0.88,
    "right": "champion",
}
VOID = {"meta", "br", "line", "circle", "polyline", "link", "img"}


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
        assert self.open.pop() == tag


def page(found, policy=POLICY, pairs=(PAIR,), lineage=None) -> str:
    return write_report(
        decision=judged(policy, found),
        evidence=found,
        disagreements=pd.DataFrame(list(pairs)),
        footprints={"candidate": Footprint(6.0, 210.0, 24.0, 300.0)},
        lineage=lineage or {"data_version": "d1"},
        policy=policy,
    )


def test_texts_and_tags_are_escaped():
    html = page(evidence(), lineage={"note": '"><img src=x onerror=alert(2)>'})
    assert "<script" not in html and "<img" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; A dog &amp; a cat." in html


def test_the_page_needs_nothing_else():
    html = page(evidence())
    assert not re.search(r"""(?:src|href)\s*=|@import|url\(|https?://""", html)


@pytest.mark.parametrize(
    "found, policy, verdict",
    [
        (evidence(), POLICY, "Promote"),
        (evidence(rows=3), POLICY, "Hold"),
        (evidence(accuracy=around(0.4)), POLICY, "Reject"),
        (evidence(champion=None), POLICY, "Promote"),
        (
            evidence(policy=GUARDED, slices=(part("negation", Interval(-0.2, -0.3, -0.1)),)),
            GUARDED,
            "Reject",
        ),
    ],
)
def test_every_verdict_makes_a_whole_page(found, policy, verdict):
    html = page(found, policy)
    assert f"<h1>{verdict}</h1>" in html
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    for rule in judged(policy, found).rules:
        assert rule.sentence.replace("'", "&#39;") in text, rule.sentence


def test_unchanged_is_told():
    same = evidence().candidate
    assert "<h1>Unchanged</h1>" in page(evidence(champion=same))


def test_the_worst_slice_comes_first_and_what_is_shown_worse_is_marked():
    slices = (part("kitchen", around(0.0, 0.02)), part("negation", Interval(-0.2, -0.3, -0.1)))
    html = page(evidence(policy=GUARDED, slices=slices), GUARDED)
    rows = re.findall(r'<div class="row( worse)?">\s*<div class="name">genre: (\w+)', html)
    assert rows == [(" worse", "negation"), ("", "kitchen")]
    assert "-20.0 (-30.0 to -10.0)" in html


def test_many_slices_fold_away():
    slices = tuple(part(f"topic {n}", around(-0.01 * n)) for n in range(40))
    html = page(evidence(slices=slices))
    assert "<summary>28 more</summary>" in html
    assert html.count("genre: topic") >= 40


def test_every_place_on_a_track_is_on_it():
    html = page(evidence(compared=comparison(accuracy=Interval(-0.5, -0.9, 0.3))))
    places = [float(number) for number in re.findall(r"left:(-?[\d.]+)%", html)]
    assert places and all(0 <= place <= 100 for place in places)
    for left, width in re.findall(r"left:([\d.]+)%;width:([\d.]+)%", html):
        assert float(left) + float(width) <= 100.01
    for x, y in re.findall(r'c[xy]="([\d.]+)" c[xy]="([\d.]+)"', html):
        assert 0 <= float(x) <= 340 and 0 <= float(y) <= 260


def test_margins_of_the_policy_are_drawn():
    assert page(evidence()).count('title="margin -') == 2  # accuracy and macro-F1


def test_long_premises_fold_away():
    long = {**PAIR, "premise": "word " * 200}
    html = page(evidence(), pairs=[long])
    assert "<summary>all of it</summary>" in html


def test_nothing_to_read_is_said():
    assert "There are none." in page(evidence(), pairs=())


def test_the_same_decision_is_the_same_page():
    assert page(evidence()) == page(evidence())


def test_a_tuned_candidate_is_said_to_be_one() -> None:
    tuned = evidence().model_copy(update={"candidate_trials": 20})
    assert "the best of 20 trials on validation pairs" in page(tuned)
    assert "trials" not in page(evidence())
