"""What a study found, for people, for machines, and as a file that configures the training."""

from __future__ import annotations

import yaml
from ready_study import report
from tuning_run import TRAINING, tuning

from nli_lifecycle.nli.tuning.report import TuningReport, write_parameters
from nli_lifecycle.nli.tuning.space import apply_proposal


def test_the_file_configures_exactly_what_won() -> None:
    text = write_parameters(report(), "dev")
    assert text == (
        "# Best of 3 trials (study 0123456789abcdef, trial 1): macro-F1 0.8123 on\n"
        "# validation, by which it was chosen, so that other pairs will show somewhat less.\n"
        "# Commit it as conf/dev/parameters_training.yml; it is merged into conf/base.\n"
        "training:\n"
        "  epochs: 2\n"
        "  learning_rate: 1.23e-05\n"
        "  weight_decay: 0.0123\n"
    )
    read = yaml.safe_load(text)["training"]
    assert read == report().best.parameters
    assert apply_proposal(read, tuning().tuned, TRAINING) == TRAINING.model_copy(update=read)


def test_a_report_survives_its_file() -> None:
    assert TuningReport.model_validate_json(report().model_dump_json()) == report()
