"""Names of metrics: valid in every store, stable, and never two figures under one."""

import re

import pytest
from ready_evidence import around, evidence, part

from nli_lifecycle.pipelines.evaluation.listing import list_metrics


@pytest.mark.parametrize(
    "name, metric",
    [
        ("contradiction", "slice_genre_contradiction"),
        ("in the hypothesis", "slice_genre_in_the_hypothesis"),
        ("9–16 words", "slice_genre_9_16_words"),
    ],
)
def test_plain_names_stay_as_they_are(name, metric):
    assert list_metrics(evidence(slices=(part(name, None),)))[metric]["value"] == 0.8


def test_names_that_do_not_fit_are_told_apart():
    names = ["a<b", "a>b", "日本", "中文", "x" * 100, "x" * 101]
    slices = tuple(part(name, around(0.0)) for name in names)
    plain, more = len(list_metrics(evidence())), list_metrics(evidence(slices=slices))
    assert len(more) == plain + 2 * len(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_]{1,120}", name) for name in more)
    assert list_metrics(evidence(slices=slices)) == more
