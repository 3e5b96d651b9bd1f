import numpy as np
import pytest
from sklearn import metrics as reference

from model_answers import answers

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.measures import confusion_matrix, measure
from nli_lifecycle.nli.metrics.resampling import Resampling

HOW = Resampling(confidence=0.95, resamples=2_000, seed=13)


def test_no_rows_are_refused():
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="no rows to measure"):
        measure(nothing, nothing, np.zeros((0, 3)), HOW)


def test_predictions_of_another_length_are_refused():
    truth, predicted, probabilities = answers(10, 0)
    with pytest.raises(ValueError, match="10 labels, 9 predictions and 10 rows"):
        measure(truth, predicted[:9], probabilities, HOW)
    with pytest.raises(ValueError, match="10 labels, 10 predictions and 9 rows"):
        measure(truth, predicted, probabilities[:9], HOW)
    with pytest.raises(ValueError, match="9 cluster numbers for 10 rows"):
        measure(truth, predicted, probabilities, HOW, np.zeros(9, dtype=np.int64))
    with pytest.raises(ValueError, match=r"shape \(10, 2\)"):
        measure(truth, predicted, probabilities[:, :2], HOW)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_probability_that_is_no_number_is_refused(number):
    truth, predicted, probabilities = answers(10, 0)
    probabilities[3, 1] = number
    with pytest.raises(ValueError, match="Row 3 has probabilities .* no numbers"):
        measure(truth, predicted, probabilities, HOW)


def test_three_right_answers_are_not_certainty():
    truth = np.array([0, 1, 2])
    measured = measure(truth, truth, np.eye(3)[truth], HOW)
    assert measured.accuracy.estimate == 1
    assert measured.accuracy.lower == pytest.approx(0.4385, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_figures_equal_scikit_learn(seed):
    truth, predicted, probabilities = answers(500, seed)
    measured = measure(truth, predicted, probabilities, HOW)

    assert measured.accuracy.estimate == pytest.approx(reference.accuracy_score(truth, predicted))
    assert measured.macro_f1.estimate == pytest.approx(
        reference.f1_score(truth, predicted, average="macro")
    )
    assert measured.log_loss.estimate == pytest.approx(reference.log_loss(truth, probabilities))
    assert measured.brier.estimate == pytest.approx(
        np.mean(((probabilities - np.eye(3)[truth]) ** 2).sum(axis=1))
    )
    precision, recall, f1, support = reference.precision_recall_fscore_support(truth, predicted)
    for position, label in enumerate(LABELS):
        figures = measured.classes[label]
        assert figures.precision.estimate == pytest.approx(precision[position])
        assert figures.recall.estimate == pytest.approx(recall[position])
        assert figures.f1.estimate == pytest.approx(f1[position])
        assert figures.support == support[position]
    assert np.array_equal(measured.confusion, reference.confusion_matrix(truth, predicted))


def test_confusion_matrix_has_the_truth_in_rows():
    assert confusion_matrix(np.array([0, 0, 2]), np.array([1, 1, 2])).tolist() == [
        [0, 2, 0],
        [0, 0, 0],
        [0, 0, 1],
    ]


def test_a_label_that_never_occurs_counts_as_zero_as_in_scikit_learn():
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    measured = measure(truth, predicted, np.eye(3)[predicted], HOW)

    assert measured.classes["contradiction"].support == 0
    assert measured.classes["contradiction"].recall.estimate == 0
    assert measured.macro_f1.estimate == pytest.approx(
        reference.f1_score(truth, predicted, labels=[0, 1, 2], average="macro", zero_division=0)
    )


def test_a_certain_mistake_costs_a_finite_log_loss():
    measured = measure(np.array([0]), np.array([1]), np.array([[0.0, 1.0, 0.0]]), HOW)
    assert measured.log_loss.estimate == pytest.approx(-np.log(1e-15))


def test_intervals_equal_those_of_resampled_rows():
    truth, predicted, probabilities = answers(400, 1)
    measured = measure(truth, predicted, probabilities, HOW)

    generator = np.random.default_rng(0)
    accuracy, macro_f1 = [], []
    for _ in range(400):
        rows = generator.integers(len(truth), size=len(truth))
        accuracy.append((truth[rows] == predicted[rows]).mean())
        macro_f1.append(
            reference.f1_score(truth[rows], predicted[rows], average="macro", zero_division=0)
        )
    for ours, plain in ((measured.accuracy, accuracy), (measured.macro_f1, macro_f1)):
        lower, upper = np.quantile(plain, [0.025, 0.975])
        assert ours.lower == pytest.approx(lower, abs=0.01)
        assert ours.upper == pytest.approx(upper, abs=0.01)


def test_log_loss_interval_is_the_normal_one_for_many_rows():
    truth, predicted, probabilities = answers(4_000, 2)
    losses = -np.log(probabilities[np.arange(len(truth)), truth])
    error = losses.std(ddof=1) / np.sqrt(len(truth))
    measured = measure(truth, predicted, probabilities, HOW).log_loss

    assert measured.lower == pytest.approx(losses.mean() - 1.96 * error, abs=0.15 * error)
    assert measured.upper == pytest.approx(losses.mean() + 1.96 * error, abs=0.15 * error)


def test_accuracy_intervals_cover_the_truth_as_often_as_they_say():
    covered = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        truth = generator.integers(3, size=300)
        wrong = generator.random(300) < 0.2
        predicted = np.where(wrong, (truth + 1) % 3, truth)
        how = Resampling(confidence=0.9, resamples=400, seed=seed)
        interval = measure(truth, predicted, np.eye(3)[predicted], how).accuracy
        covered += interval.lower <= 0.8 <= interval.upper
    assert 0.84 <= covered / 200 <= 0.96


def test_the_same_seed_gives_the_same_intervals():
    truth, *model = answers(500, 6)
    assert measure(truth, *model, HOW) == measure(truth, *model, HOW)


def test_chunks_do_not_change_the_result(monkeypatch):
    truth, *model = answers(500, 6)
    whole = measure(truth, *model, HOW)
    monkeypatch.setattr("nli_lifecycle.nli.metrics.resampling.WEIGHTS_PER_CHUNK", 7_000)
    assert measure(truth, *model, HOW) == whole


def test_rows_that_stand_or_fall_together_count_once():
    truth, predicted, probabilities = answers(400, 9)
    single = measure(truth, predicted, probabilities, HOW)
    clusters = np.repeat(np.arange(400), 3)
    tripled = [np.repeat(array, 3, axis=0) for array in (truth, predicted, probabilities)]
    together = measure(*tripled, HOW, clusters)
    blind = measure(*tripled, HOW)
    for name in ("accuracy", "macro_f1", "log_loss", "brier"):
        one, three, naive = (getattr(found, name) for found in (single, together, blind))
        assert three.estimate == pytest.approx(one.estimate)
        assert three.upper - three.lower == pytest.approx(one.upper - one.lower, rel=0.1)
        assert naive.upper - naive.lower < 0.7 * (one.upper - one.lower)
