"""Labels joined with answers: late, twice, disputed, without an answer; when a window is judged."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from simulated_columns import BEGIN, simulated, summary_of, taken
from sklearn.metrics import f1_score

from nli_lifecycle.monitoring.joining import LabelJoin, Labelled, Span
from nli_lifecycle.monitoring.realised import (
    RealisedSettings,
    feedback_without_prediction,
    realised,
)
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.truths import Truths, TruthSettings, settle
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.figures import Interval
from nli_lifecycle.nli.metrics.proportions import wilson

ROWS = 400
COLUMNS, TRUTH = simulated(ROWS)
PREDICTED = np.array([LABELS.index(label) for label in COLUMNS["label"]])
KEY = ("nli", "7", "d" * 64, 3)
SUMMARY = summary_of(COLUMNS)
REFERENCE = Reference(Interval(0.86, 0.84, 0.88), Interval(0.85, 0.83, 0.87))
SOON, LATE = (BEGIN + timedelta(days=days) for days in (1, 15))
SETTINGS = RealisedSettings()


def words(*said):
    """A batch of feedback: (request, position, source, label, minutes, arrival) each."""
    columns = dict(
        zip(("request_id", "position", "source", "label", "time", "arrival"), zip(*said))
    )
    return {**columns, "time": [BEGIN + timedelta(minutes=m) for m in columns["time"]]}


def truths(places=range(ROWS)) -> Truths:
    """True labels of some rows."""
    pairs = {(COLUMNS["request_id"][n], COLUMNS["position"][n]): int(TRUTH[n]) for n in places}
    return Truths(pairs, disputed=0, damaged=0)


def joined(labels: Truths, columns=COLUMNS, spans=(Span(KEY, 1, ROWS),)) -> LabelJoin:
    join = LabelJoin(labels, spans)
    join.add(columns)
    return join


def labelled(places=range(ROWS)) -> Labelled:
    return joined(truths(places)).labelled[0]


def test_no_feedback_settles_nothing():
    assert settle([], TruthSettings()) == Truths({}, 0, 0)


def test_words_of_no_label_are_counted_and_say_nothing():
    found = settle(
        [words(("r", 0, "ann", "maybe", 5, 2), ("r", 0, "ann", "neutral", 1, 1))], TruthSettings()
    )
    assert (found.labels, found.damaged) == ({("r", 0): 1}, 1)


@given(st.permutations(range(4)))
def test_the_last_word_of_a_source_counts_in_whatever_order(order):
    said = [
        ("r", 0, "ann", "neutral", 1, 4),
        ("r", 0, "ann", "entailment", 2, 1),
        ("r", 0, "ann", "contradiction", 2, 3),
        ("r", 0, "ann", "entailment", 2, 2),
    ]
    found = settle([words(said[place]) for place in order], TruthSettings())
    assert found.labels == {("r", 0): LABELS.index("contradiction")}


def test_the_majority_of_sources_decides_and_a_tie_does_not():
    three = [("r", 0, who, label, 1, 1) for who, label in zip("abc", ("neutral",) * 2 + LABELS[:1])]
    tie = [("r", 1, who, label, 1, 1) for who, label in zip("ab", LABELS)]
    found = settle([words(*three, *tie)], TruthSettings())
    assert (found.labels, found.disputed) == ({("r", 0): 1}, 1)


def test_a_source_with_priority_decides_alone():
    said = [("r", 0, who, "neutral", 1, 1) for who in "abc"]
    said += [("r", 0, "expert", "entailment", 0, 0), ("r", 1, "a", "neutral", 1, 1)]
    found = settle([words(*said)], TruthSettings(priority=("chief", "expert")))
    assert found.labels == {("r", 0): 0, ("r", 1): 1}


def test_feedback_without_a_prediction_is_counted_and_named():
    labels = Truths({**truths().labels, **{(f"x{n}", 0): 1 for n in range(7)}, ("r0", 9): 1}, 0, 0)
    count, named = joined(labels).without_prediction()
    assert count == 8 and named[0] == ("r0", 9) and len(named) == 5
    found = feedback_without_prediction(count, named)
    assert found.value == 8 and "r0 at 9, x0 at 0" in found.why and "and 3 more" in found.why
    assert feedback_without_prediction(0, ()).why == ""


def test_labels_of_shadows_answers_and_of_damaged_rows_are_none():
    shadow = {**COLUMNS, "role": ["shadow"] * ROWS}
    assert joined(truths(), shadow).labelled[0].pairs == 0
    assert joined(truths(), shadow).without_prediction()[0] == ROWS
    damaged = {**COLUMNS, "p_neutral": [float("nan"), *COLUMNS["p_neutral"][1:]]}
    assert joined(truths(), damaged).labelled[0].pairs == ROWS - 1


def test_rows_of_other_windows_and_models_are_left_out():
    spans = Span(KEY, 11, 20), Span(KEY, 21, 50), Span(("nli", "8", "e" * 64, 4), 1, ROWS)
    assert [part.pairs for part in joined(truths(), spans=spans).labelled] == [10, 30, 0]


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(40)), st.lists(st.integers(0, 40), max_size=4))
def test_neither_batches_nor_order_nor_repetitions_matter(order, cuts):
    first = taken(COLUMNS, range(40))
    spans = Span(KEY, 5, 30), Span(KEY, 31, 40)
    expected = joined(truths(), first, spans).labelled
    join = LabelJoin(truths(), spans)
    edges = [0, *sorted(cuts), 40]
    for begin, end in zip(edges, edges[1:]):
        batch = taken(COLUMNS, [*range(begin, end), *range(begin)])
        join.add(batch)
    shuffled = joined(truths(), taken(COLUMNS, order), spans).labelled
    for mine, other, theirs in zip(join.labelled, shuffled, expected):
        assert mine.confusion.tolist() == other.confusion.tolist() == theirs.confusion.tolist()
        assert mine.gap_squares == other.gap_squares == theirs.gap_squares


def test_no_labels_are_missing():
    for found in realised(SUMMARY, Labelled.empty(), REFERENCE, LATE, SETTINGS):
        assert (found.state, found.value, found.pairs) == ("missing", None, 0)
        assert "None of 400 pairs has a label" in found.why


def test_early_labels_are_not_judged_by():
    for found in realised(SUMMARY, labelled(range(319)), REFERENCE, SOON, SETTINGS):
        assert (found.state, found.value) == ("insufficient", None)
        assert "319 of about 400 labels are in" in found.why and "80%" in found.why


@pytest.mark.parametrize(
    "labels, now, changes",
    [
        (320, SOON, {}),
        (80, LATE, {}),
        (80, SOON, {"labels_per_pair": 0.25}),
    ],
)
def test_mature_windows_are_judged(labels, now, changes):
    how = RealisedSettings(**changes)
    found = realised(SUMMARY, labelled(range(labels)), REFERENCE, now, how)
    assert {f.state for f in found} == {"measured"} and {f.pairs for f in found} == {labels}


def test_too_few_labels_are_insufficient_at_any_age():
    found = realised(SUMMARY, labelled(range(49)), REFERENCE, LATE, SETTINGS)[0]
    assert found.state == "insufficient" and "49 labels, at least 50" in found.why


def test_a_window_of_the_future_waits_and_says_why():
    found = realised(SUMMARY, labelled(range(80)), REFERENCE, BEGIN - timedelta(days=1), SETTINGS)
    assert found[0].state == "insufficient" and "check the services' clocks" in found[0].why


def test_figures_are_those_of_the_labels():
    accuracy, macro_f1, gap = realised(SUMMARY, labelled(), REFERENCE, SOON, SETTINGS)
    right = PREDICTED == TRUTH
    expected = wilson(int(right.sum()), ROWS, 0.95)
    assert (accuracy.value, accuracy.low, accuracy.high) == pytest.approx(
        (expected.estimate, expected.lower, expected.upper)
    )
    assert accuracy.reference == 0.86 and macro_f1.reference == 0.85
    assert (accuracy.reference_low, accuracy.reference_high) == pytest.approx((0.84, 0.88))
    surer = RealisedSettings(confidence=0.999)
    wide = realised(SUMMARY, labelled(), REFERENCE, SOON, surer)[0]
    half = 0.02 * norm.ppf(0.9995) / norm.ppf(0.975)  # at the level of the value's own interval
    assert (wide.reference_low, wide.reference_high) == pytest.approx((0.86 - half, 0.86 + half))
    assert macro_f1.value == pytest.approx(f1_score(TRUTH, PREDICTED, average="macro"))
    assert macro_f1.low < macro_f1.value < macro_f1.high
    confidence = np.max([COLUMNS[f"p_{label}"] for label in LABELS], axis=0)
    off = right - confidence
    assert gap.value == pytest.approx(off.mean(), abs=1e-8)
    half = norm.ppf(0.975) * off.std(ddof=1) / 20
    assert (gap.low, gap.high) == pytest.approx((off.mean() - half, off.mean() + half), abs=1e-6)
    z = off.sum() / np.sqrt((confidence * (1 - confidence)).sum())
    assert gap.p_value == pytest.approx(2 * norm.sf(abs(z)), abs=1e-6)


def test_one_class_only():
    answers = {**COLUMNS, "label": ["neutral"] * ROWS}
    found = realised(SUMMARY, joined(truths(), answers).labelled[0], REFERENCE, SOON, SETTINGS)
    assert found[0].value == pytest.approx((TRUTH == 1).mean())
    assert found[1].value == pytest.approx(f1_score(TRUTH, np.ones(ROWS, int), average="macro"))


def test_certain_answers_that_are_right_have_no_gap():
    sure = {f"p_{label}": (TRUTH == code).astype(float) for code, label in enumerate(LABELS)}
    columns = {**COLUMNS, **sure, "label": [LABELS[code] for code in TRUTH]}
    gap = realised(SUMMARY, joined(truths(), columns).labelled[0], REFERENCE, SOON, SETTINGS)[2]
    assert (gap.value, gap.low, gap.high, gap.p_value) == (0, 0, 0, 1)


def test_the_gaps_interval_and_test_hold_as_often_as_they_say():
    held, accused = [], []
    for seed in range(400):
        columns, truth = simulated(300, seed)
        predicted = np.array([LABELS.index(label) for label in columns["label"]])
        p = np.column_stack([columns[f"p_{label}"] for label in LABELS])
        gap = realised(
            summary_of(columns),
            Labelled.of(truth, predicted, p),
            REFERENCE,
            SOON,
            RealisedSettings(resamples=100),
        )[2]
        held.append(gap.low <= 0 <= gap.high)
        accused.append(gap.p_value < 0.05)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)
    assert np.mean(accused) == pytest.approx(0.05, abs=0.03)
