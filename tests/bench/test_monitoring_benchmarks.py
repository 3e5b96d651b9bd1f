"""The benchmarks of monitoring on made-up answers: no model is trained, no other tool is run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from project import PROJECT

from nli_lifecycle.nli.labels import LABELS

OURS = ("monitored", "monitoring", "monitoring_log")


@pytest.fixture(autouse=True)
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(PROJECT / "bench"))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


def pool(rows: int, hard: float, seed: int):
    """Answers of a calibrated model, three pairs of a premise."""
    from monitored.pool import COLUMNS, Pool
    from monitoring import traffic

    some = traffic(np.random.default_rng(seed), rows, hard, True)
    columns = {name: some.columns[name] for name in COLUMNS}
    return Pool(columns, some.truth, np.arange(rows) // 3)


def drawn(quiet: int = 6_000):
    """Streams of such answers: in other genres all are hard, typos do nothing."""
    from monitored.scenes import Draw, Sizes, scenes_of
    from monitored.streams import Corpus

    before = pool(quiet, 0.0, 1)
    corpus = Corpus(quiet=before, typos=before, shifted=pool(quiet, 1.0, 2))
    sizes = Sizes(pairs=500, reference=2_000, windows=8, calm=2, lasting=4)
    return Draw(corpus, sizes, scenes_of(corpus), seed=13)


def test_a_change_that_costs_less_than_five_points_has_no_scene_of_five() -> None:
    scenes = drawn().scenes
    assert {"genres, 5 points", "genres, all", "labels, 5 points", "typos, all"} <= set(scenes)
    assert "typos, 5 points" not in scenes


def test_the_same_number_draws_the_same_stream() -> None:
    draw = drawn()
    one, again, other = (draw("genres, 5 points", number) for number in (1, 1, 2))
    assert (one.now.truth == again.now.truth).all() and (one.now.truth != other.now.truth).any()
    assert (len(one.before.truth), len(one.now.truth)) == (2_000, 3_000)
    assert len(draw("quiet", 1).now.truth) == 4_000


def test_pairs_of_a_premise_come_one_after_the_other_where_the_scene_says_so() -> None:
    from monitored.scenes import TOGETHER

    premise = drawn()(TOGETHER, 0).now.premise[1:3_001]
    assert (np.diff(premise) != 0).sum() == pytest.approx(1_000, abs=5)


def test_accuracy_falls_by_five_points_and_not_before_the_change() -> None:
    draw = drawn()
    for scene in ("genres, 5 points", "labels, 5 points"):
        begin = draw.sizes.calm * draw.sizes.pairs
        rights = np.stack([draw(scene, number).now.right for number in range(20)])
        fall = rights[:, :begin].mean() - rights[:, begin:].mean()
        assert fall == pytest.approx(0.05, abs=0.02)  # 20 streams: ± 0.5 points


def test_shuffled_labels_change_nothing_but_the_truth() -> None:
    draw = drawn()
    one, other = draw("labels, all", 3), draw("typos, all", 3)
    assert (one.now.columns["p_neutral"] == other.now.columns["p_neutral"]).all()
    begin = draw.sizes.calm * draw.sizes.pairs
    assert (one.now.truth[:begin] == other.now.truth[:begin]).all()
    assert one.now.right[begin:].mean() == pytest.approx(1 / 3, abs=0.04)


def test_figures_say_what_happened() -> None:
    from monitored import figures
    from monitored.measured import measure

    draw = drawn()
    chosen = ("quiet", "genres, all", "labels, all")
    measured = {scene: [measure(draw(scene, n), 500) for n in range(2)] for scene in chosen}
    calm = draw.sizes.calm
    found = figures.of_detectors(figures.alarms_of(measured), calm)
    assert found["realised_cusum"]["delay_windows"] == {"genres, all": 1, "labels, all": 1}
    assert found["estimated_cusum"]["delay_windows"]["genres, all"] == 1
    assert found["estimated_cusum"]["within_2_windows"]["labels, all"] == 0
    scenes = figures.of_scenes(measured, calm)
    assert scenes["labels, all"]["refused_first"] == 0  # its own labels are not asked
    assert scenes["labels, all"]["refused_last"] == 1
    assert scenes["quiet"]["refused"] == 0
    assert scenes["labels, all"]["estimate_error_points"] > 40
    assert scenes["quiet"]["estimate_error_points"] < 3
    judged = {scene: scenes["quiet"] for scene in ("quiet", "genres, 5 points")}
    theirs = "1.0", {"quiet": (2.0, 1.0), "genres, 5 points": (4.0, 2.0)}
    both = figures.of_estimates(judged, theirs)
    assert (both["nannyml_error_points"], both["estimate_error_points"]) == (3.0, 1.5)


def test_a_log_that_was_written_is_summarised_with_its_feedback(tmp_path: Path) -> None:
    import monitoring_log

    url = f"sqlite:///{tmp_path}/log.db"
    monitoring_log.write_log(url, 1_100, 300)
    found = monitoring_log.summarise(url, labels=True)
    assert (found["windows"], found["labelled"]) == (3, 300)
    assert found["seconds"] > 0 and found["peak_mb"] > 10
    assert monitoring_log.summarise(url, labels=False)["labelled"] == 0


def test_pools_are_kept(tmp_path: Path) -> None:
    from monitored.pool import Pool

    some = pool(30, 0.5, 4)
    some.save(tmp_path / "kept.npz")
    again = Pool.load(tmp_path / "kept.npz")
    assert (again.right == some.right).all() and (again.premise == some.premise).all()
    assert set(again.columns["label"]) <= set(LABELS)
