"""The wheel called as Databricks calls a wheel task: by its metadata, in an environment without us.

The environment has our dependencies, as a cluster has, and of us only the wheel. Tasks run in a
folder that holds nothing; what they need is named by their parameters. NLI_JOB_PACKAGES names
another folder of dependencies, for example of a cluster's versions.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from mlflow import MlflowClient
from project import PROJECT
from spark_servers import python_without_us
from test_train_and_release import write_pairs
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.commands.package import pack
from nli_lifecycle.packed import installed_hash, sha256

pytest_plugins = ["servers", "spark_servers"]
pytestmark = pytest.mark.slow

#: The platform looks up the entry point, sets sys.argv, and calls it. Whatever is raised, an exit
#: with code 0 included, may count as a failure.
TASK = """
import sys
from importlib.metadata import distribution
package, entry_point, *parameters = sys.argv[1:]
sys.argv = ["wheel_task", *parameters]
(found,) = [e for e in distribution(package).entry_points if e.name == entry_point]
try:
    assert found.load()() is None
except BaseException as error:
    print(f"RAISED {type(error).__module__}.{type(error).__name__}: {error}")
    sys.exit(3)
import nli_lifecycle
print("RETURNED", nli_lifecycle.__file__)
"""


class Workplace:
    """A cluster: a Python with the wheel, the files that were uploaded, and a folder for data."""

    def __init__(self, folder: Path) -> None:
        self.python = Path(python_without_us(folder / "python", os.environ.get("NLI_JOB_PACKAGES")))
        self.wheel, self.conf = pack(PROJECT, folder / "dist")
        # Installing a wheel of Python only is unpacking it. pip would take this project's own,
        # of the same version among the dependencies' metadata, for the one to install.
        (packages,) = self.python.parents[1].glob("lib/python*/site-packages")
        with zipfile.ZipFile(self.wheel) as wheel:
            wheel.extractall(packages)
        self.home, self.elsewhere = folder / "home", folder / "elsewhere"
        self.elsewhere.mkdir()

    def task(self, *parameters: str, **variables: str) -> tuple[int, str]:
        """Run a wheel task; returns its exit code and what it printed."""
        ours = ("PYTHONPATH", "NLI_HOME", "DO_NOT_TRACK")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        done = subprocess.run(
            [str(self.python), "-c", TASK, "nli_lifecycle", "nli-job", *parameters],
            cwd=self.elsewhere,
            env=kept | {"OMP_NUM_THREADS": "1"} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1_200,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("workplace"))


def raised(workplace: Workplace, *parameters: str) -> str:
    """What a task that fails says in its exception."""
    code, said = workplace.task(*parameters)
    assert code == 3, said
    return said[said.index("RAISED ") :]


def test_without_a_configuration_it_says_what_to_give(workplace: Workplace) -> None:
    said = raised(workplace, "--env=dev")
    assert "JobError: There is no configuration in" in said and "--conf-source=" in said


def test_an_unknown_environment_and_a_wrong_option_fail(workplace: Workplace) -> None:
    conf = f"--conf-source={workplace.conf}"
    assert "JobError: Unknown environment 'qa'. Known environments: dev, prod, staging" in raised(
        workplace, conf, "--env=qa", f"--home={workplace.home}"
    )
    assert "JobError: No such option" in raised(workplace, conf, "--envirnoment=dev")


def test_a_configuration_that_was_changed_is_refused(workplace: Workplace, tmp_path: Path) -> None:
    with tarfile.open(workplace.conf) as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "conf/prod/parameters_promotion.yml").write_text("policy: {minimum_rows: 1}\n")
    said = raised(
        workplace, f"--conf-source={tmp_path}/conf", "--env=prod", f"--home={workplace.home}"
    )
    assert "JobError: The packed configuration was changed: prod/parameters_promotion.yml." in said
    assert not workplace.home.exists() or not list(workplace.home.rglob("mlflow.db"))


def test_a_lifecycle_command_fails_or_returns_too(workplace: Workplace, tmp_path: Path) -> None:
    place = "--model", "prod.nli.classifier", "--registry-uri", f"sqlite:///{tmp_path}/mlflow.db"
    assert "job.JobError: " in raised(workplace, "rollback", *place, "--reason", "complaints")
    code, said = workplace.task("status", *place)
    assert code == 0 and "RETURNED" in said, said


def test_a_release_on_spark_connect_and_a_tracking_server(
    workplace: Workplace, server: str, connect_server: str, tmp_path: Path
) -> None:
    pairs = write_pairs(tmp_path / "pairs.tsv", 900, seed=1)
    encoder = make_tiny_encoder(tmp_path / "encoder")
    parameters = f"engine=spark,source=tsv,source_path={pairs},training.encoder={encoder}"
    parameters += ",training.epochs=2,training.learning_rate=0.003,training.batch_size=16"
    code, said = workplace.task(
        "--env=dev",
        f"--conf-source={workplace.conf}",
        f"--home={workplace.home}",
        f"--tracking-uri={server}",
        f"--params={parameters}",
        SPARK_REMOTE=connect_server,
    )
    assert code == 0, said
    assert "RETURNED" in said and str(workplace.python.parents[1]) in said.split("RETURNED")[1]
    assert "INFO nli_lifecycle.hooks: training · train_model · " in said
    assert not {"\x1b", "\r"} & set(said) and "telemetry" not in said.lower()
    client = MlflowClient(server)
    version = client.get_model_version_by_alias("dev.nli.classifier", "champion")
    run = client.get_run(version.tags["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["conf_sha256"] == sha256(workplace.conf.read_bytes())
    assert run.data.tags["package_code"] == installed_hash()
    assert not list(workplace.elsewhere.iterdir())
    summary = json.loads((workplace.home / "data/dev/08_reporting/summary.json").read_text())
    assert summary["decision"] == "promote" and summary["rows_read"] == 900

    bad = f"source=tsv,source_path={tmp_path}/absent.tsv"
    place = f"--home={workplace.home}", f"--tracking-uri={server}"
    failed = raised(
        workplace, "--env=dev", f"--conf-source={workplace.conf}", *place, f"--params={bad}"
    )
    assert "JobError: " in failed and "absent.tsv" in failed
    experiment = client.get_experiment_by_name("nli-dev")
    last = client.search_runs([experiment.experiment_id], order_by=["start_time DESC"])[0]
    assert last.info.status == "FAILED"
