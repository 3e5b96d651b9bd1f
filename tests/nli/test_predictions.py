import numpy as np
import pytest

from nli_lifecycle.nli.predictions import check_probabilities, label_indices

GOOD = [0.2, 0.3, 0.5]


@pytest.mark.parametrize(
    "row, why",
    [
        ([np.nan, 0.5, 0.5], "NaN or infinite"),
        ([np.inf, 0.0, 0.0], "NaN or infinite"),
        ([-0.1, 0.6, 0.5], "negative"),
        ([0.2, 0.2, 0.2], "not summing to 1"),
    ],
)
def test_damaged_probabilities_are_refused_and_the_first_pair_is_named(row, why):
    with pytest.raises(ValueError, match=rf"Pair b: .*{why} \(2 such rows\)"):
        check_probabilities(np.array([GOOD, row, GOOD, row]), ["a", "b", "c", "d"])


def test_missing_rows_are_refused_and_the_first_pair_without_is_named():
    with pytest.raises(ValueError, match=r"\(3, 3\), got \(1, 3\); the first pair without is b"):
        check_probabilities(np.array([GOOD]), ["a", "b", "c"])


@pytest.mark.parametrize("shape", [(3, 3), (2, 2), (2,)])
def test_probabilities_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="Expected probabilities of shape"):
        check_probabilities(np.full(shape, 1 / 3), ["a", "b"])


def test_float32_rounding_is_accepted():
    check_probabilities(np.array([[0.33333334, 0.33333334, 0.33333334]]), ["a"])


def test_an_unknown_label_is_refused_with_its_pair():
    with pytest.raises(ValueError, match="Pair b: predicted 'maybe' is none of entailment"):
        label_indices(["neutral", "maybe"], ["a", "b"], "predicted")


def test_labels_become_indices_by_name():
    assert label_indices(["contradiction", "entailment", "neutral"], "abc", "label").tolist() == [
        2,
        0,
        1,
    ]
