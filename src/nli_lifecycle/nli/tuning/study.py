"""The study: Optuna's memory of all trials, which outlives the process that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nli_lifecycle.nli.tuning.space import optuna_distributions
from nli_lifecycle.nli.tuning.trial import TuningError
from nli_lifecycle.parameters import Pruning, TrainingParameters, TuningParameters

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

#: Attribute of a trial that takes the place of one whose process died; its value: which one.
RETRY_OF = "retry_of"
#: How often these parameters have killed their worker.
DEATHS = "deaths"


def check_installed() -> None:
    """Stop early, and say what to install, where Optuna is missing.

    Raises:
        TuningError: it is.
    """
    try:
        import optuna
    except ImportError as error:
        raise TuningError(
            "Tuning needs Optuna, which is not installed. In a clone: "
            "`make .venv/.installed-tuning`; elsewhere: pip install 'nli-lifecycle[tuning]'."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it reports each trial, as we do


@contextmanager
def opened_study(
    url: str, name: str, tuning: TuningParameters, schema: str | None = None
) -> Iterator[Study]:
    """Open a study, or begin it.

    Args:
        url: the database.
        name: the same name is the same study.
        tuning: says which trials are pruned.
        schema: of a PostgreSQL database; made where it is missing.

    Raises:
        TuningError: another machine is busy with this study, or Optuna is not installed.
    """
    check_installed()
    import optuna

    options: dict[str, Any] = {}
    if schema:
        options = {"connect_args": {"options": f"-csearch_path={schema}"}}
    with _claimed(url, name, schema):
        storage = optuna.storages.RDBStorage(url, engine_kwargs=options)
        try:
            yield optuna.create_study(
                study_name=name,
                storage=storage,
                direction="maximize",
                pruner=_pruner(tuning.pruning),
                load_if_exists=True,
            )
        finally:
            storage.remove_session()
            storage.engine.dispose()


def propose(study: Study, tuning: TuningParameters) -> Trial:
    """Begin a trial: of what a dead process left, else of what looks promising.

    What is proposed depends on the seed and on the trials before, not on the process: a study
    that was interrupted goes on as if it had not been.
    """
    import optuna

    seed = tuning.seed + len(counted(study))
    # The liar keeps workers from all being sent to the same promising place.
    study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=tuning.workers > 1)
    return study.ask(optuna_distributions(tuning.tuned, TrainingParameters))


def counted(study: Study) -> list[FrozenTrial]:
    """Trials that count towards the number asked for: not those that another one replaces."""
    trials = study.get_trials(deepcopy=False)
    replaced = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    return [
        trial for trial in trials if trial.number not in replaced and trial.state.name != "WAITING"
    ]


def abandoned(study: Study) -> list[FrozenTrial]:
    """Trials that nobody works on any more: whoever may sweep is alone with the study."""
    return [trial for trial in study.get_trials() if trial.state.name == "RUNNING"]


def replace(study: Study, trial: FrozenTrial | Trial, deaths: int = 0) -> None:
    """Put a trial's parameters in line again, then end it as failed.

    In this order nothing is lost where this process dies too; a second time finds the first.

    Args:
        study: where it is.
        trial: one whose process is gone.
        deaths: how often its parameters have killed a worker.
    """
    if not any(other.user_attrs.get(RETRY_OF) == trial.number for other in study.get_trials()):
        study.enqueue_trial(trial.params, user_attrs={RETRY_OF: trial.number, DEATHS: deaths})
    fail(study, trial.number)


def fail(study: Study, number: int) -> None:
    """End a trial as failed."""
    from optuna.trial import TrialState

    study.tell(number, state=TrialState.FAIL)


def _pruner(pruning: Pruning) -> BasePruner:
    from optuna.pruners import MedianPruner, NopPruner

    if not pruning.enabled:
        return NopPruner()
    first_judged = pruning.warmup_validations + 1
    return MedianPruner(pruning.startup_trials, n_warmup_steps=first_judged)


@contextmanager
def _claimed(url: str, name: str, schema: str | None) -> Iterator[None]:
    """Be alone with a study on a server: a data root's lock holds on one machine only."""
    import sqlalchemy as sql

    if schema is None:
        yield
        return
    engine = sql.create_engine(url)
    with engine.connect() as connection:
        connection.execute(sql.text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        connection.commit()
        asked = sql.text("SELECT pg_try_advisory_lock(hashtext(:name))")
        mine = connection.scalar(asked, {"name": name})
        connection.commit()  # the lock is the connection's, and needs no open transaction
        if not mine:
            raise TuningError(
                f"Another sweep is busy with study {name}, on this machine or another. Wait for it "
                "to end: its trials will be found here too."
            )
        yield
    engine.dispose()
