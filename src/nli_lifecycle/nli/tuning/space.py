"""The search space: which knobs may be tuned, and what a proposal means for the training."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from nli_lifecycle.nli.tuning.domains import Choices, Domain

if TYPE_CHECKING:  # parameters.py checks itself with what stands here
    from nli_lifecycle.parameters import TrainingParameters

Space = Mapping[str, Domain]

#: Knobs of the training that are none of the search's, and why.
NOT_TUNED = {
    "encoder": "scores of different encoders belong to different studies; run one for each",
    "encoder_sha256": "it pins the encoder",
    "start_from": "scores of different starts belong to different studies; run one for each",
    "device": "it changes the speed, not the model",
    "processes": "it changes the speed; a trial trains in one process",
    "precision": "it changes the speed, hardly the model",
    "checkpoint_steps": "it changes nothing about the model",
    "keep_models": "it changes nothing about the model",
    "seed": "the luckiest seed on validation is no better on other pairs",
    "evaluations_per_epoch": "trials are compared validation by validation",
}
#: Significant digits of a proposal: what is committed to a file should be readable.
DIGITS = 3


def check_space(space: Mapping[str, Domain | None], model: type[BaseModel]) -> None:
    """Refuse a space that the training could not take.

    Args:
        space: knob → domain; None: not tuned.
        model: the training's parameters.

    Raises:
        ValueError: nothing is tuned, a knob is unknown or not to be tuned, or a bound or choice
            is no value that the knob takes.
    """
    if all(domain is None for domain in space.values()):
        raise ValueError("the space is empty: name at least one parameter of training to tune")
    for knob, domain in space.items():
        if knob not in model.model_fields:
            near = difflib.get_close_matches(knob, model.model_fields)
            known = f"did you mean {' or '.join(near)}?" if near else ", ".join(model.model_fields)
            raise ValueError(f"{knob} is no parameter of training: {known}")
        if domain is None:
            continue
        if knob in NOT_TUNED:
            raise ValueError(f"{knob} is not tuned: {NOT_TUNED[knob]}")
        for value in _values(domain):
            _check_value(knob, value, model)


def optuna_distributions(space: Space, model: type[BaseModel]) -> dict[str, Any]:
    """Translate the space for Optuna, ordered by name: the order decides what a seed proposes."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    found: dict[str, Any] = {}
    for knob, domain in sorted(space.items()):
        if isinstance(domain, Choices):
            found[knob] = CategoricalDistribution(domain.choices)
        elif model.model_fields[knob].annotation is int:
            found[knob] = IntDistribution(int(domain.low), int(domain.high), log=domain.log)
        else:
            found[knob] = FloatDistribution(domain.low, domain.high, log=domain.log)
    return found


def apply_proposal(
    proposal: Mapping[str, Any], space: Space, training: TrainingParameters
) -> TrainingParameters:
    """Put a proposal's values, rounded to ``DIGITS``, into the training's parameters.

    Args:
        proposal: knob → value.
        space: the bounds, which rounding must not leave.
        training: what holds for every other knob.
    """
    values = {knob: _rounded(value, space[knob]) for knob, value in proposal.items()}
    return type(training).model_validate(training.model_dump() | values)


def _values(domain: Domain) -> tuple[Any, ...]:
    return domain.choices if isinstance(domain, Choices) else (domain.low, domain.high)


def _check_value(knob: str, value: Any, model: type[BaseModel]) -> None:
    try:
        model.model_validate({knob: value})
    except ValidationError as error:
        raise ValueError(f"{knob} cannot be {value!r}: {error.errors()[0]['msg']}") from None


def _rounded(value: Any, domain: Domain) -> Any:
    if isinstance(domain, Choices) or not isinstance(value, float):
        return value
    return min(max(float(f"{value:.{DIGITS}g}"), float(domain.low)), float(domain.high))
