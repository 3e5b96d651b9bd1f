"""Pairs that were asked together: sums however they are cut, and how many pairs they are worth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_columns import simulated, summary_of

from nli_lifecycle.monitoring.clusters import Clusters, numbered
from nli_lifecycle.monitoring.drift import DriftSettings, drift
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.text_drift import TextDriftSettings, text_drift
from nli_lifecycle.nli.metrics.proportions import design_effect

ROWS = 60


def positions(sizes: list[int]) -> np.ndarray:
    return np.concatenate([np.arange(size) for size in sizes])


def clusters_of(sizes: list[int], x: np.ndarray) -> Clusters:
    place, same = positions(sizes), np.zeros(len(x), np.int64)
    return Clusters.of(place, same, np.ones(len(x), bool), x[:, None])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.data())
def test_clusters_that_are_cut_are_put_together_again(sizes, data):
    place = positions(sizes)
    count = len(place)

    def drawn(strategy):
        return np.array(data.draw(st.lists(strategy, min_size=count, max_size=count)))

    used, premise = drawn(st.booleans()), drawn(st.integers(1, 2))
    x = drawn(st.integers(0, 99))[:, None]
    whole = Clusters.of(place, premise, used, x[used])
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=4)))
    parts = []
    for first, last in zip([0, *cuts], [*cuts, count]):
        part = slice(first, last)
        parts.append(Clusters.of(place[part], premise[part], used[part], x[part][used[part]]))
    assert sum(parts, Clusters.empty(1)).to_json() == whole.to_json()
    from_behind = Clusters.empty(1)
    for part in parts[::-1]:
        from_behind = part + from_behind
    assert from_behind.to_json() == whole.to_json()
    again = Clusters.from_json(json.loads(json.dumps(whole.to_json())))
    assert again.to_json() == whole.to_json()
    assert whole.count() == len(set(numbered(place, premise, used).tolist()))


def test_pairs_of_other_premises_in_one_request_are_clusters_of_their_own():
    premise, used = np.array([7, 7, 8, 8, 8, 9]), np.ones(6, bool)
    found = Clusters.of(np.arange(6), premise, used, np.ones((6, 1), np.int64))
    assert found.count() == 3 and numbered(np.arange(6), premise, used).tolist() == [
        0,
        0,
        1,
        1,
        1,
        2,
    ]


def test_the_design_effect_is_that_of_evidence():
    generator = np.random.default_rng(1)
    sizes = generator.integers(1, 9, size=80).tolist()
    of_request = np.repeat(generator.integers(0, 50, size=80), sizes)
    x = of_request + generator.integers(0, 20, size=len(of_request))
    number = np.repeat(np.arange(80), sizes)
    ours = clusters_of(sizes, x).design_effect(0)
    theirs = design_effect(x.astype(float), number)
    assert ours == pytest.approx(theirs * (len(x) - 1) / len(x)) and ours > 3


def test_pairs_that_are_alike_within_a_request_count_as_one():
    x = np.repeat(np.arange(40) % 7, 5)
    found = clusters_of([5] * 40, x)
    assert found.design_effect(0) == pytest.approx(5 * 40 / 39 * 199 / 200)
    assert clusters_of([1] * 200, x).design_effect(0) == 1.0
    assert clusters_of([200], x).design_effect(0) == 200.0
    assert clusters_of([5] * 40, np.tile(np.arange(5), 40)).design_effect(0) == 1.0


def test_a_mix_of_labels_has_the_mean_of_its_shares_effects():
    label = np.repeat([0, 1, 2, 0], 5)
    place, same, used = np.arange(20) % 5, np.zeros(20, np.int64), np.ones(20, bool)
    found = Clusters.of(place, same, used, np.eye(3, dtype=np.int64)[label])
    assert found.mean_effect(range(3)) == pytest.approx(5 * 4 / 3 * 19 / 20)
    one = Clusters.of(place, same, used, np.eye(3, dtype=np.int64)[label * 0])
    assert one.mean_effect(range(3)) == 1.0


def test_a_damaged_first_pair_still_begins_its_request():
    place, same = np.array([0, 1, 0, 1]), np.zeros(4, np.int64)
    used = np.array([True, True, False, True])
    assert Clusters.of(place, same, used, np.ones((3, 1), np.int64)).count() == 2


def together(rows: int, seed: int, size: int) -> Summary:
    """Pairs of which each request has so many, with one premise."""
    columns, _ = simulated(rows, seed=seed)
    words = np.asarray(columns["premise_words"])[np.arange(rows) // size * size].tolist()
    position = (np.arange(rows) % size).tolist()
    return summary_of({**columns, "premise_words": words, "position": position})


def test_quiet_windows_of_requests_are_accused_as_often_as_the_level_says():
    accused, naive = [], []
    for seed in range(120):
        reference, window = together(2_000, 2 * seed, 5), together(500, 2 * seed + 1, 5)
        (found,) = (
            f for f in drift(window, reference, DriftSettings()) if f.name == "premise_words"
        )
        accused.append(found.p_value < 0.05)
        alone = [Summary.from_json({**s.to_json(), "clusters": None}) for s in (window, reference)]
        (found,) = (f for f in drift(*alone, DriftSettings()) if f.name == "premise_words")
        naive.append(found.p_value < 0.05)
    assert np.mean(accused) <= 0.12 and np.mean(naive) > 0.5  # of 0.05, with 120 windows


def test_what_moved_is_found_all_the_same():
    columns, _ = simulated(500, seed=3)
    moved = summary_of(
        {**columns, "hypothesis_words": [n + 4 for n in columns["hypothesis_words"]]}
    )
    found = {f.name: f.p_value for f in drift(moved, together(2_000, 4, 5), DriftSettings())}
    assert found["hypothesis_words"] < 1e-6 and found["overlap"] > 1e-3


def test_few_premises_say_nothing_however_many_pairs_they_have():
    reference = together(2_000, 1, 5)
    found = drift(together(500, 2, 25), reference, DriftSettings())
    assert {f.state for f in found} == {"insufficient"}
    assert "500 pairs of the window are about 20 premises, at least 30" in found[0].why
    assert drift(reference, together(500, 2, 25), DriftSettings())[0].state == "insufficient"


def test_a_batch_of_unrelated_pairs_is_no_cluster():
    columns, _ = simulated(500, seed=6)
    batch = {**columns, "position": [n % 250 for n in range(500)]}
    batch["premise_chars"] = [37 + 31 * n % 101 for n in range(500)]
    summary = summary_of(batch)
    assert summary.premises == 500 and summary.design_effect("premise_words") == 1.0
    found = drift(summary, summary_of(simulated(2_000, seed=7)[0]), DriftSettings())
    assert {f.state for f in found} == {"measured"}


def test_texts_of_requests_are_taught_and_judged_apart():
    generator = np.random.default_rng(5)
    reference = generator.normal(size=(1_000, 6))
    tests = {"apart": [], "as one": []}
    for _ in range(60):
        of_request = generator.normal(size=(60, 6))[np.arange(480) // 8]
        rows = of_request + 0.3 * generator.normal(size=(480, 6))
        rows /= np.sqrt(1.09)
        numbers = np.arange(480) // 8
        tests["apart"].append(text_drift(reference, rows, TextDriftSettings(), numbers).p_value)
        tests["as one"].append(text_drift(reference, rows, TextDriftSettings()).p_value)
    rates = {name: float(np.mean(np.array(p) < 0.05)) for name, p in tests.items()}
    assert rates["apart"] <= 0.15 and rates["as one"] > 0.5
    few = text_drift(reference, reference[:200], TextDriftSettings(), np.arange(200) // 10)
    assert few.state == "insufficient" and "about 20 premises" in few.why


def test_a_summary_from_before_takes_its_pairs_as_independent():
    summary = together(200, 1, 5)
    old = Summary.from_json({k: v for k, v in summary.to_json().items() if k != "clusters"})
    assert (old.premises, old.design_effect("premise_words"), old.label_effect()) == (200, 1.0, 1.0)
    assert (summary.premises, summary.design_effect("premise_words") > 4) == (40, True)
    assert (old + old).premises == 400
