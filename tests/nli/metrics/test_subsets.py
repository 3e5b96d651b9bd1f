"""Many parts at once: bounds that hold together, and parts too small to speak of."""

import numpy as np

from nli_lifecycle.nli.metrics.proportions import paired_difference, wilson
from nli_lifecycle.nli.metrics.subsets import SubsetAnswers, measure_subsets


def answers(name: str, rows: int, ours: float, theirs: float | None, seed: int = 0):
    generator = np.random.default_rng(seed)
    champion = None if theirs is None else generator.random(rows) < theirs
    return SubsetAnswers("genre", name, generator.random(rows) < ours, champion)


def test_small_parts_are_counted_and_left_out():
    measured, small = measure_subsets(
        [answers("a", 49, 0.8, 0.8), answers("b", 50, 0.8, 0.8)], 0.95, 0.95, 50
    )
    assert ([part.name for part in measured], small) == (["b"], 1)
    assert measure_subsets([], 0.95, 0.95, 50) == ((), 0)


def test_one_part_has_the_plain_interval_and_many_have_wider_ones():
    part = answers("a", 200, 0.8, 0.7)
    (alone,), _ = measure_subsets([part], 0.95, 0.95, 50)
    ours, theirs = part.candidate_right, part.champion_right
    gained, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    assert alone.difference == paired_difference(200, gained, lost, 0.95)
    assert alone.candidate == wilson(int(ours.sum()), 200, 0.95)

    among, _ = measure_subsets([part] * 40, 0.95, 0.95, 50)
    assert among[0].difference == paired_difference(200, gained, lost, 1 - 0.05 / 40)
    assert among[0].candidate == alone.candidate


def test_without_a_champion_there_is_no_difference():
    (part,), _ = measure_subsets([answers("a", 60, 0.8, None)], 0.95, 0.95, 50)
    assert part.champion is part.difference is None


def test_clusters_widen_the_interval():
    single = answers("a", 100, 0.8, 0.7)
    tripled = SubsetAnswers(
        "genre",
        "a",
        np.repeat(single.candidate_right, 3),
        np.repeat(single.champion_right, 3),
        7 + 2 * np.repeat(np.arange(100), 3),  # numbered with gaps, as a slice's rows are
    )
    (one, three), _ = measure_subsets([single, tripled], 0.95, 0.95, 50)
    for name in ("candidate", "difference"):
        narrow, wide = getattr(one, name), getattr(three, name)
        assert abs((wide.upper - wide.lower) / (narrow.upper - narrow.lower) - 1) < 0.05


def test_equal_models_are_seldom_accused():
    """Of 300 tables of 30 slices of equal models, at most 5% accuse any slice."""
    accused = 0
    for table in range(300):
        parts = [answers(str(n), 80, 0.8, 0.8, seed=1_000 * table + n) for n in range(30)]
        measured, _ = measure_subsets(parts, 0.95, 0.95, 50)
        accused += any(part.difference.upper < 0 for part in measured)
    assert accused / 300 <= 0.08
