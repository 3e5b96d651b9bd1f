"""One PostgreSQL database for runs and studies, in schemas of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy
from mlflow import MlflowClient
from tuning_run import TRAINING, Notes, make_task, one_thread, tuning

from nli_lifecycle.datasets.studies import SCHEMA, StudiesDataset
from nli_lifecycle.nli.tuning.report import report_study
from nli_lifecycle.nli.tuning.study import opened_study
from nli_lifecycle.nli.tuning.sweep import sweep
from nli_lifecycle.nli.tuning.trial import TuningError

pytest_plugins = ["servers"]
pytestmark = pytest.mark.slow


def test_a_study_goes_on_beside_mlflow_and_nobody_else_may_join(
    postgresql: str, tmp_path: Path
) -> None:
    where = StudiesDataset(filepath=str(tmp_path / "unused.db"), tracking_uri=postgresql).load()
    assert where.schema == SCHEMA
    task = make_task(tmp_path)
    for trials in (2, 3):
        parameters, notes = tuning(trials=trials), Notes()
        with one_thread(), opened_study(where.url, "s", parameters, where.schema) as study:
            with pytest.raises(TuningError, match="Another sweep is busy with study s"):
                with opened_study(where.url, "s", parameters, where.schema):
                    pass
            with opened_study(where.url, "other", parameters, where.schema):
                pass
            sweep(study, task, TRAINING, parameters, notes)
            assert report_study(study, TRAINING, parameters).competed == trials
    assert [job.number for job in notes.begun] == [2]
    tables = sqlalchemy.inspect(sqlalchemy.create_engine(postgresql))
    assert {"studies", "trials", "alembic_version"} <= set(tables.get_table_names(SCHEMA))
    assert "studies" not in tables.get_table_names("public")
    MlflowClient(postgresql).create_experiment("MLflow still works")
    assert not (tmp_path / "unused.db").exists()
