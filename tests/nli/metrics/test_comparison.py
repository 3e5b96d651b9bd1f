"""Two models on the same rows: against references, and against themselves."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_answers import answers
from sklearn import metrics as reference
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from nli_lifecycle.nli.metrics.comparison import compare, mcnemar, rows_to_settle
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.nli.metrics.resampling import Resampling

HOW = Resampling(confidence=0.9, resamples=1_000, seed=13)
DIFFERENCES = ("accuracy", "macro_f1", "log_loss", "brier")


def test_answers_of_another_length_and_nan_are_refused():
    truth, predicted, probabilities = answers(10, 0)
    with pytest.raises(ValueError, match="10 labels, 10 predictions and 9 rows"):
        compare(truth, (predicted, probabilities), (predicted, probabilities[:9]), HOW)
    damaged = probabilities.copy()
    damaged[0] = np.nan
    with pytest.raises(ValueError, match="Row 0 has probabilities"):
        compare(truth, (predicted, damaged), (predicted, probabilities), HOW)


def test_three_rows_settle_nothing():
    truth = np.array([0, 1, 2])
    right, wrong = np.eye(3)[truth], np.eye(3)[(truth + 1) % 3]
    found = compare(truth, (truth, right), ((truth + 1) % 3, wrong), HOW)
    assert found.accuracy.estimate == 1 and found.accuracy.lower < 0.2


def test_a_model_does_not_differ_from_itself():
    truth, *model = answers(500, 3)
    found = compare(truth, tuple(model), tuple(model), HOW)
    for name in ("macro_f1", "log_loss", "brier"):
        difference = getattr(found, name)
        assert (difference.estimate, difference.lower, difference.upper) == (0, 0, 0)
    # Never to have disagreed on 500 rows is no proof of never disagreeing.
    assert found.accuracy.estimate == 0
    assert -0.006 < found.accuracy.lower < -0.005
    assert (found.both_right + found.both_wrong, found.mcnemar) == (500, 1.0)


def test_differences_are_candidate_minus_champion_and_antisymmetric():
    truth, *better = answers(1_000, 4, right=0.9)
    _, *worse = answers(1_000, 4, right=0.6)
    gain = compare(truth, tuple(better), tuple(worse), HOW)
    loss = compare(truth, tuple(worse), tuple(better), HOW)

    assert gain.accuracy.estimate == pytest.approx(
        (better[0] == truth).mean() - (worse[0] == truth).mean()
    )
    assert gain.macro_f1.estimate == pytest.approx(
        reference.f1_score(truth, better[0], average="macro")
        - reference.f1_score(truth, worse[0], average="macro")
    )
    assert gain.log_loss.estimate == pytest.approx(
        reference.log_loss(truth, better[1]) - reference.log_loss(truth, worse[1])
    )
    for name in DIFFERENCES:
        forth, back = getattr(gain, name), getattr(loss, name)
        assert forth.estimate == pytest.approx(-back.estimate)
        assert forth.lower == pytest.approx(-back.upper)
        assert forth.upper == pytest.approx(-back.lower)
    assert gain.accuracy.lower > 0 and gain.log_loss.upper < 0
    assert (gain.only_candidate_right, gain.only_champion_right) == (
        loss.only_champion_right,
        loss.only_candidate_right,
    )


def test_paired_intervals_are_as_narrow_as_the_disagreement_allows():
    truth, predicted, probabilities = answers(3_000, 5)
    other = predicted.copy()
    other[:30] = (other[:30] + 1) % 3
    found = compare(truth, (predicted, probabilities), (other, probabilities), HOW)
    for difference in (found.accuracy, found.macro_f1):
        assert difference.upper - difference.lower < 0.008


def test_score_and_bootstrap_intervals_agree_on_many_rows():
    truth, *ours = answers(6_000, 6, right=0.85)
    _, *theirs = answers(6_000, 7, right=0.8)
    found = compare(truth, tuple(ours), tuple(theirs), HOW).accuracy
    differences = (ours[0] == truth).astype(float) - (theirs[0] == truth)
    generator = np.random.default_rng(0)
    means = [generator.choice(differences, 6_000).mean() for _ in range(1_500)]
    assert (found.lower, found.upper) == pytest.approx(np.quantile(means, [0.05, 0.95]), abs=1.5e-3)


def test_pairs_that_share_a_premise_widen_the_bounds():
    truth, *ours = answers(600, 6, right=0.85)
    _, *theirs = answers(600, 7, right=0.8)
    single = compare(truth, tuple(ours), tuple(theirs), HOW)
    tripled = [tuple(np.repeat(a, 3, axis=0) for a in model) for model in (ours, theirs)]
    together = compare(np.repeat(truth, 3), *tripled, HOW, np.repeat(np.arange(600), 3))
    assert together.design_effect == pytest.approx(3, rel=0.01)
    for name in DIFFERENCES:
        one, three = getattr(single, name), getattr(together, name)
        assert three.upper - three.lower == pytest.approx(one.upper - one.lower, rel=0.1)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_equals_statsmodels(gained, lost):
    if gained + lost:
        expected = reference_mcnemar([[10, gained], [lost, 10]], exact=True).pvalue
        assert mcnemar(gained, lost) == pytest.approx(min(1.0, expected))
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


@pytest.mark.parametrize(
    "difference, threshold, more",
    [
        (Interval(0.0, -0.02, 0.02), -0.01, 3_000),  # twice as narrow: four times the rows
        (Interval(-0.02, -0.04, 0.0), -0.01, 3_000),
        (Interval(-0.01, -0.02, 0.0), -0.01, None),
        (Interval(-0.0101, -0.02, 0.0), -0.01, None),  # a hundred times narrower
    ],
)
def test_rows_to_settle_follow_the_square_root(difference, threshold, more):
    assert rows_to_settle(difference, 1_000, threshold) == more


def test_ten_thousand_resamples_of_ten_thousand_rows_take_at_most_five_seconds():
    truth, *candidate = answers(10_000, 7)
    _, *champion = answers(10_000, 8)
    started = time.process_time()
    compare(truth, tuple(candidate), tuple(champion), Resampling(0.9, 10_000, 1))
    assert time.process_time() - started < 5
