"""A space that training could not take is refused, with a word on what to do."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import ValidationError

from nli_lifecycle.nli.tuning.domains import Choices, Range
from nli_lifecycle.nli.tuning.space import apply_proposal, optuna_distributions
from nli_lifecycle.parameters import TrainingParameters, TuningParameters


def space(**knobs: Any) -> TuningParameters:
    return TuningParameters.model_validate({"space": knobs})


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({}, "the space is empty"),
        ({"epochs": None}, "the space is empty"),
        ({"epochs": {"choices": None}}, "the space is empty"),
        ({"learning_rat": {"low": 1e-5, "high": 1e-4}}, "did you mean learning_rate"),
        ({"zzz": {"choices": [1]}}, "zzz is no parameter of training: encoder, encoder_sha256"),
        ({"zzz": None, "epochs": {"choices": [1]}}, "zzz is no parameter of training"),
        ({"epochs": {"low": 3, "high": 2}}, "low (3) is above high (2)"),
        ({"weight_decay": {"low": 0.0, "high": 1, "log": True}}, "log needs a low above 0, not 0"),
        ({"learning_rate": {"low": 0.0, "high": 1e-3}}, "learning_rate cannot be 0.0"),
        ({"epochs": {"low": 1, "high": 2.5}}, "epochs cannot be 2.5"),
        ({"batch_size": {"choices": [16, "many"]}}, "batch_size cannot be 'many'"),
        ({"epochs": {"choices": []}}, "at least 1 item"),
        ({"epochs": {"choices": [1, 2, 1]}}, "choices name a value twice"),
        ({"epochs": {"choices": [1], "low": 1}}, "epochs.choices.low"),
        ({"epochs": {"low": 1}}, "epochs.range.high"),
        ({"seed": {"low": 1, "high": 9}}, "seed is not tuned: the luckiest seed"),
        ({"encoder": {"choices": ["a", "b"]}}, "run one for each"),
    ],
)
def test_what_training_could_not_take_is_refused(knobs: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        space(**knobs)
    assert said in str(caught.value)


def test_null_takes_back_what_base_says() -> None:
    merged = space(
        epochs=None,
        batch_size={"low": None, "high": None, "choices": [8, 16]},
        learning_rate={"low": 1e-5, "high": 1e-4, "choices": None},
    )
    assert merged.tuned == {
        "batch_size": Choices(choices=(8, 16)),
        "learning_rate": Range(low=1e-5, high=1e-4),
    }


def test_whole_parameters_are_searched_among_whole_numbers() -> None:
    found = optuna_distributions(
        space(
            warmup_share={"low": 0, "high": 0.2},
            epochs={"low": 1, "high": 4},
            batch_size={"choices": [16, 32]},
            learning_rate={"low": 1e-5, "high": 1e-3, "log": True},
        ).tuned,
        TrainingParameters,
    )
    assert list(found) == ["batch_size", "epochs", "learning_rate", "warmup_share"]
    assert found == {
        "batch_size": CategoricalDistribution((16, 32)),
        "epochs": IntDistribution(1, 4),
        "learning_rate": FloatDistribution(1e-5, 1e-3, log=True),
        "warmup_share": FloatDistribution(0.0, 0.2),
    }


def test_proposals_are_rounded_but_stay_within_their_bounds() -> None:
    tuned = space(
        learning_rate={"low": 1.2345e-4, "high": 1e-3, "log": True},
        weight_decay={"low": 0.0, "high": 0.1},
        epochs={"low": 1, "high": 4},
    ).tuned
    base = TrainingParameters(batch_size=8)
    proposal = {"learning_rate": 1.2346e-4, "weight_decay": 0.0123456, "epochs": 2}
    used = apply_proposal(proposal, tuned, base)
    assert used == base.model_copy(
        update={"learning_rate": 1.2345e-4, "weight_decay": 0.0123, "epochs": 2}
    )
    assert apply_proposal(used.model_dump(include=set(tuned)), tuned, base) == used
