"""The wheel called as Databricks calls a wheel task: by its metadata, in a Python without us."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from mlflow import MlflowClient
from test_train_and_release import write_pairs
from tiny_encoder import make_tiny_encoder
from wheel_task import Workplace

from nli_lifecycle.packed import installed_hash, sha256

pytest_plugins = ["servers", "spark_servers", "wheel_task"]
pytestmark = pytest.mark.slow

MODEL = "dev.nli.classifier"


def test_without_a_configuration_it_says_what_to_give(workplace: Workplace) -> None:
    said = workplace.raised("--env=dev")
    assert "JobError: There is no configuration in" in said and "--conf-source=" in said


def test_an_unknown_environment_and_a_wrong_option_fail(workplace: Workplace) -> None:
    conf = f"--conf-source={workplace.conf}"
    said = workplace.raised(conf, "--env=qa", f"--home={workplace.home}")
    assert "JobError: Unknown environment 'qa'. Known environments: dev, prod, staging" in said
    assert "JobError: No such option" in workplace.raised(conf, "--envirnoment=dev")


def test_a_configuration_that_was_changed_is_refused(workplace: Workplace, tmp_path: Path) -> None:
    with tarfile.open(workplace.conf) as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "conf/prod/parameters_promotion.yml").write_text("policy: {minimum_rows: 1}\n")
    said = workplace.raised(
        f"--conf-source={tmp_path}/conf", "--env=prod", f"--home={workplace.home}"
    )
    assert "JobError: The packed configuration was changed: prod/parameters_promotion.yml." in said
    assert not workplace.home.exists() or not list(workplace.home.rglob("mlflow.db"))


def test_a_lifecycle_command_fails_or_returns_too(workplace: Workplace, tmp_path: Path) -> None:
    place = "--model", "prod.nli.classifier", "--registry-uri", f"sqlite:///{tmp_path}/mlflow.db"
    assert "job.JobError: " in workplace.raised("rollback", *place, "--reason", "complaints")
    code, said = workplace.task("status", *place)
    assert code == 0 and "RETURNED" in said, said


class Training:
    """The task that trains and releases the same model wherever Spark is."""

    def __init__(self, workplace: Workplace, server: str, folder: Path) -> None:
        self.workplace, self.client = workplace, MlflowClient(server)
        self.place = "--env=dev", f"--conf-source={workplace.conf}", f"--tracking-uri={server}"
        pairs = write_pairs(folder / "pairs.tsv", 900, seed=1)
        self.parameters = f"engine=spark,source=tsv,source_path={pairs}"
        self.parameters += f",training.encoder={make_tiny_encoder(folder / 'encoder')}"
        self.parameters += ",training.epochs=2,training.learning_rate=0.003,training.batch_size=16"

    def on(self, home: Path, **spark: str) -> tuple[str, Mapping[str, object]]:
        """Run it with its data in ``home``; returns what it printed, and its summary."""
        where = f"--home={home}", f"--params={self.parameters}"
        code, said = self.workplace.task(*self.place, *where, **spark)
        assert code == 0, said
        return said, json.loads((home / "data/dev/08_reporting/summary.json").read_text())


@pytest.fixture(scope="module")
def training(
    workplace: Workplace, server: str, tmp_path_factory: pytest.TempPathFactory
) -> Training:
    return Training(workplace, server, tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="module")
def on_connect(training: Training, connect_server: str) -> tuple[str, Mapping[str, object]]:
    """The first release, with Spark Connect."""
    return training.on(training.workplace.home, SPARK_REMOTE=connect_server)


def test_a_release_on_spark_connect_and_a_tracking_server(
    training: Training, on_connect: tuple[str, Mapping[str, object]]
) -> None:
    workplace, (said, summary) = training.workplace, on_connect
    assert "RETURNED" in said and str(workplace.python.parents[1]) in said.split("RETURNED")[1]
    assert "INFO nli_lifecycle.hooks: training · train_model · " in said
    assert not {"\x1b", "\r"} & set(said) and "telemetry" not in said.lower()
    version = training.client.get_model_version_by_alias(MODEL, "champion")
    run = training.client.get_run(version.tags["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["conf_sha256"] == sha256(workplace.conf.read_bytes())
    assert run.data.tags["package_code"] == installed_hash()
    assert workplace.left_behind() == []
    assert summary["decision"] == "promote" and summary["rows_read"] == 900


def test_a_standalone_cluster_makes_the_same_model_of_the_same_pairs(
    training: Training,
    on_connect: tuple[str, Mapping[str, object]],
    standalone_cluster: tuple[str, str],
    tmp_path: Path,
) -> None:
    address, python = standalone_cluster
    said, summary = training.on(tmp_path, SPARK_MASTER=address, PYSPARK_PYTHON=python)
    assert "INFO nli_lifecycle.hooks: training · train_model · " in said  # in a home of its own
    for name in ("rows_read", "rows_kept", "digest", "version"):
        assert summary[name] == on_connect[1][name], name
    assert summary["decision"] == "unchanged"
    assert training.workplace.left_behind() == []


def test_a_task_without_its_data_fails_and_so_does_its_run(
    training: Training, tmp_path: Path
) -> None:
    bad = f"source=tsv,source_path={tmp_path}/absent.tsv"
    failed = training.workplace.raised(*training.place, f"--home={tmp_path}", f"--params={bad}")
    assert "JobError: " in failed and "absent.tsv" in failed
    experiment = training.client.get_experiment_by_name("nli-dev")
    newest = ["start_time DESC"]
    last = training.client.search_runs([experiment.experiment_id], order_by=newest)[0]
    assert last.info.status == "FAILED"
