"""Nodes of tuning: identify the study, sweep, choose, write down.

None of them sees a test pair: what judges the winner took no part in choosing it. What needs
PyTorch is imported where it is called: every command reads this module, and few train.
"""

from __future__ import annotations

import logging
import shutil

import mlflow
import pandas as pd

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.datasets.studies import Studies
from nli_lifecycle.nli.tuning.report import TuningReport, report_study, write_parameters
from nli_lifecycle.nli.tuning.space import apply_proposal
from nli_lifecycle.nli.tuning.study import check_installed, opened_study
from nli_lifecycle.nli.tuning.sweep import sweep
from nli_lifecycle.nli.tuning.trial import Task
from nli_lifecycle.parameters import BY_THE_WAY, TrainingParameters, TuningParameters
from nli_lifecycle.pipelines.training.start import Start
from nli_lifecycle.pipelines.tuning.trial_runs import TrialRuns
from nli_lifecycle.provenance import code_version, library_versions, sha256_json

logger = logging.getLogger(__name__)

#: What of a pair a training reads.
COLUMNS = ["premise", "hypothesis", "label"]


def identify_study(
    data_version: str, start: Start, training: TrainingParameters, tuning: TuningParameters
) -> str:
    """Hash everything that makes scores of trials comparable.

    How many trials, by how many processes and for how long is not part of it; nor is the value
    that a tuned parameter has outside of the study.

    Returns:
        16 hex digits: the same key goes on with the same study.
    """
    from nli_lifecycle.nli.training.encoders import encoder_digest

    check_installed()
    fixed = training.model_dump(
        mode="json", exclude={"encoder", "encoder_sha256", "start_from", *BY_THE_WAY, *tuning.tuned}
    )
    parts = {
        "data": data_version,
        "encoder": encoder_digest(start.weights),
        "training": fixed,
        "space": {name: domain.model_dump(mode="json") for name, domain in tuning.tuned.items()},
        "rows": [tuning.train_rows, tuning.seed] if tuning.train_rows else None,
        "code": code_version(["nli/training"]),
        "libraries": library_versions(),
    }
    return sha256_json(parts)[:16]


def run_sweep(
    studies: Studies,
    models: KeyedStore,
    study_key: str,
    start: Start,
    train_pairs: pd.DataFrame,
    validation_pairs: pd.DataFrame,
    training: TrainingParameters,
    tuning: TuningParameters,
) -> TuningReport:
    """Run the trials that the study still lacks, and report on all of them.

    Raises:
        TuningError: no trial ran to its end, all workers died, or another machine is busy with
            the study.
    """
    from nli_lifecycle.nli.export.payload import check_exportable

    check_exportable(start.weights, max_length=training.max_length)
    workplace = models.folder / ".trials"
    shutil.rmtree(workplace, ignore_errors=True)  # a killed sweep's; the data root is locked
    task = Task(
        train=_sample(train_pairs[COLUMNS], tuning),
        validation=validation_pairs[COLUMNS],
        encoder=start.weights,
        workplace=workplace,
    )
    logger.info("Study %s: %d trials asked for.", study_key, tuning.trials)
    with (
        opened_study(studies.url, study_key, tuning, studies.schema) as study,
        TrialRuns({"tuning_study": study_key}) as runs,
    ):
        try:
            sweep(study, task, training, tuning, runs)
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
        report = report_study(study, training, tuning)
    if mlflow.active_run():
        mlflow.log_metrics(
            {"tuning_trials": report.competed, "tuning_best_macro_f1": report.best.score or 0.0}
        )
        mlflow.log_params({f"best.{name}": v for name, v in report.best.parameters.items()})
    return report


def choose_best(
    report: TuningReport, training: TrainingParameters, tuning: TuningParameters
) -> tuple[TrainingParameters, dict[str, str]]:
    """Take the best trial's parameters, as a training by hand would be given them.

    Returns:
        The training's parameters, and tags that say among how many they were chosen.
    """
    best = apply_proposal(report.best.parameters, tuning.tuned, training)
    return best, {"tuning_trials": str(report.competed), "tuning_study": report.study}


def write_best(report: TuningReport, environment: str) -> str:
    """Write the best parameters as a configuration file."""
    return write_parameters(report, environment)


def _sample(pairs: pd.DataFrame, tuning: TuningParameters) -> pd.DataFrame:
    """All pairs, or the same few for every trial."""
    if tuning.train_rows is None or tuning.train_rows >= len(pairs):
        return pairs
    return pairs.sample(tuning.train_rows, random_state=tuning.seed)
