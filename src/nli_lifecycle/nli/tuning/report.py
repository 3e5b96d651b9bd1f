"""What a study found: its trials, the best of them, and which parameters mattered."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from nli_lifecycle.nli.tuning.domains import Domain
from nli_lifecycle.nli.tuning.space import apply_proposal
from nli_lifecycle.nli.tuning.study import counted
from nli_lifecycle.nli.tuning.sweep import ERROR, RUN, SECONDS
from nli_lifecycle.nli.tuning.trial import TuningError
from nli_lifecycle.parameters import TrainingParameters, TuningParameters

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

State = Literal["complete", "pruned", "failed"]
STATES: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrialRecord(_Record):
    """One trial."""

    number: int
    state: State
    parameters: dict[str, Any] = Field(description="of the training, as they were used")
    score: float | None = Field(description="macro-F1 on validation; of complete trials only")
    curve: tuple[float, ...] = Field(description="macro-F1 at each validation")
    seconds: float | None
    run: str | None = Field(description="MLflow run that holds its curves")
    error: str | None


class TuningReport(_Record):
    """A study as it stands at the end of a sweep."""

    study: str
    space: dict[str, Domain]
    asked: int = Field(description="trials that the sweep should bring the study to")
    competed: int = Field(description="trials with a score or pruned: the best is the best of them")
    states: dict[State, int]
    best: TrialRecord
    importance: dict[str, float] | None = Field(
        description="share of the score's variance that a parameter explains (fANOVA), largest "
        "first; None: too few trials to tell"
    )
    trials: tuple[TrialRecord, ...]


def report_study(
    study: Study, training: TrainingParameters, tuning: TuningParameters
) -> TuningReport:
    """Read a study.

    Args:
        study: after its sweep.
        training: what held for every parameter that is not tuned.
        tuning: the sweep's parameters.

    Raises:
        TuningError: no trial ran to its end.
    """
    trials = tuple(
        _record(trial, training, tuning) for trial in counted(study) if trial.state.is_finished()
    )
    states = Counter(trial.state for trial in trials)
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        raise TuningError(_nothing(study.study_name, trials, states))
    return TuningReport(
        study=study.study_name,
        space=dict(tuning.tuned),
        asked=tuning.trials,
        competed=states["complete"] + states["pruned"],
        states=dict(states),
        # Of equals the first: more trials then change the winner only for a better one.
        best=max(scored, key=lambda trial: (trial.score or 0, -trial.number)),
        importance=_importance(study),
        trials=trials,
    )


def write_parameters(report: TuningReport, environment: str) -> str:
    """Write the best parameters as a configuration file, ready to be committed."""
    best = report.best
    score = f"{best.score:.4f}"
    body = yaml.safe_dump({"training": best.parameters}, sort_keys=True)
    return (
        f"# Best of {report.competed} trials (study {report.study}, trial {best.number}): macro-F1 "
        f"{score} on\n"
        "# validation, by which it was chosen, so that other pairs will show somewhat less.\n"
        f"# Commit it as conf/{environment}/parameters_training.yml; it is merged into conf/base.\n"
        f"{body}"
    )


def _record(
    trial: FrozenTrial, training: TrainingParameters, tuning: TuningParameters
) -> TrialRecord:
    state = STATES[trial.state.name]
    used = apply_proposal(trial.params, tuning.tuned, training).model_dump()
    return TrialRecord(
        number=trial.number,
        state=state,
        parameters={name: used[name] for name in sorted(trial.params)},
        score=trial.value if state == "complete" else None,
        curve=tuple(value for _, value in sorted(trial.intermediate_values.items())),
        seconds=trial.user_attrs.get(SECONDS),
        run=trial.user_attrs.get(RUN),
        error=trial.user_attrs.get(ERROR),
    )


def _importance(study: Study) -> dict[str, float] | None:
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    except (ValueError, RuntimeError, ZeroDivisionError):
        return None
    return {name: round(share, 4) for name, share in found.items()} or None


def _nothing(study: str, trials: tuple[TrialRecord, ...], states: Counter[State]) -> str:
    if not trials:
        return (
            f"Study {study} has no finished trial: tuning.timeout_minutes was over before the "
            "first one began. Allow more time and run again."
        )
    ended = ", ".join(f"{count} {state}" for state, count in states.items())
    reasons = [trial.error for trial in trials if trial.error]
    said = f" The first to fail said: {reasons[0]}." if reasons else ""
    return (
        f"None of {len(trials)} trials of study {study} ran to its end ({ended}).{said} Narrow "
        "tuning.space, for example to lower learning rates; another space is another study."
    )
