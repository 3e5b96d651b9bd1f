"""Zero-shot scores: Hugging Face's semantics, from probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.serving.tasks.zero_shot import hypotheses, scores

PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.04, 0.9, 0.06]])


def test_one_label_holds() -> None:
    """Entailment, normalised over the labels."""
    assert scores(PROBABILITIES, False) == pytest.approx(np.array([0.8, 0.2, 0.04]) / 1.04)


def test_several_labels_may_hold() -> None:
    """Each by itself, entailment against contradiction."""
    assert scores(PROBABILITIES, True) == pytest.approx([0.8 / 0.9, 0.4, 0.4])


def test_several_labels_are_scored_as_hugging_face_does_from_logits() -> None:
    """Its softmax over the logits of contradiction and entailment is the same number."""
    logits = np.random.default_rng(0).normal(size=(5, 3)) * 4
    exponentials = np.exp(logits)
    pipeline = exponentials[:, 0] / (exponentials[:, 0] + exponentials[:, 2])
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    assert scores(probabilities, True) == pytest.approx(pipeline)


def test_a_single_label_is_not_certain_for_lack_of_others() -> None:
    """As in the pipeline, it is entailment against contradiction."""
    assert scores(PROBABILITIES[:1], False) == pytest.approx([0.8 / 0.9])


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5),
    st.booleans(),
)
def test_scores_are_always_numbers(rows: list[list[float]], multi_label: bool) -> None:
    """Also where probabilities were rounded to zero."""
    found = scores(np.array(rows), multi_label)
    assert ((found >= 0) & (found <= 1)).all()
    if not multi_label and len(rows) > 1:
        assert found.sum() == pytest.approx(1)


def test_a_template_is_no_format_string() -> None:
    """Nothing of ours can be read through it."""
    said = hypotheses(["a{0}b", "sports"], "{0.__class__} {} {x}")
    assert said == ["{0.__class__} a{0}b {x}", "{0.__class__} sports {x}"]
