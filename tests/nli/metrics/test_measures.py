import time

import numpy as np
import pytest
from sklearn import metrics as reference

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics import Resampling, compare, confusion_matrix, measure

HOW = Resampling(confidence=0.95, resamples=2_000, seed=13)


def answers(rows: int, seed: int, right: float = 0.8):
    """Labels, predictions and probabilities of a model that is right that often."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(3, size=rows, p=[0.2, 0.5, 0.3])
    probabilities = generator.dirichlet([1, 1, 1], size=rows)
    sure = generator.random(rows) < right
    probabilities[sure, truth[sure]] += 2
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return truth, probabilities.argmax(axis=1), probabilities


def test_no_rows_are_refused():
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="no rows to measure"):
        measure(nothing, nothing, np.zeros((0, 3)), HOW)


def test_predictions_of_another_length_are_refused():
    truth, predicted, probabilities = answers(10, 0)
    with pytest.raises(ValueError, match="10 labels, 9 predictions and 10 rows"):
        measure(truth, predicted[:9], probabilities, HOW)
    with pytest.raises(ValueError, match="10 labels, 10 predictions and 9 rows"):
        compare(truth, (predicted, probabilities), (predicted, probabilities[:9]), HOW)


@pytest.mark.parametrize("seed", range(5))
def test_figures_equal_scikit_learn(seed):
    truth, predicted, probabilities = answers(500, seed)
    measured = measure(truth, predicted, probabilities, HOW)

    assert measured.accuracy.estimate == pytest.approx(reference.accuracy_score(truth, predicted))
    assert measured.macro_f1.estimate == pytest.approx(
        reference.f1_score(truth, predicted, average="macro")
    )
    assert measured.log_loss.estimate == pytest.approx(reference.log_loss(truth, probabilities))
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


def test_multinomial_intervals_equal_those_of_resampled_rows():
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


def test_a_model_does_not_differ_from_itself_at_all():
    truth, *model = answers(500, 3)
    for difference in compare(truth, tuple(model), tuple(model), HOW).values():
        assert (difference.estimate, difference.lower, difference.upper) == (0, 0, 0)


def test_differences_are_candidate_minus_champion_and_antisymmetric():
    truth, *better = answers(1_000, 4, right=0.9)
    _, *worse = answers(1_000, 4, right=0.6)
    gain = compare(truth, tuple(better), tuple(worse), HOW)
    loss = compare(truth, tuple(worse), tuple(better), HOW)

    assert gain["accuracy"].estimate == pytest.approx(
        (better[0] == truth).mean() - (worse[0] == truth).mean()
    )
    assert gain["macro_f1"].estimate == pytest.approx(
        reference.f1_score(truth, better[0], average="macro")
        - reference.f1_score(truth, worse[0], average="macro")
    )
    assert gain["log_loss"].estimate == pytest.approx(
        reference.log_loss(truth, better[1]) - reference.log_loss(truth, worse[1])
    )
    for metric, difference in gain.items():
        assert difference.estimate == pytest.approx(-loss[metric].estimate)
    assert gain["accuracy"].lower > 0 > loss["accuracy"].upper
    assert gain["log_loss"].upper < 0


def test_paired_intervals_are_as_narrow_as_the_disagreement_allows():
    truth, predicted, probabilities = answers(3_000, 5)
    other = predicted.copy()
    other[:30] = (other[:30] + 1) % 3
    difference = compare(truth, (predicted, probabilities), (other, probabilities), HOW)["accuracy"]

    alone = measure(truth, predicted, probabilities, HOW).accuracy
    assert difference.upper - difference.lower < (alone.upper - alone.lower) / 3


def test_the_same_seed_gives_the_same_intervals():
    truth, *model = answers(500, 6)
    assert measure(truth, *model, HOW) == measure(truth, *model, HOW)


def test_chunks_do_not_change_the_result(monkeypatch):
    truth, *model = answers(500, 6)
    whole = measure(truth, *model, HOW)
    monkeypatch.setattr("nli_lifecycle.nli.metrics.INDICES_PER_CHUNK", 7_000)
    assert measure(truth, *model, HOW).log_loss == whole.log_loss


def test_ten_thousand_rows_take_at_most_two_seconds():
    truth, *candidate = answers(10_000, 7)
    _, *champion = answers(10_000, 8)
    start = time.process_time()
    measure(truth, *candidate, HOW)
    measure(truth, *champion, HOW)
    compare(truth, tuple(candidate), tuple(champion), HOW)
    assert time.process_time() - start < 2
