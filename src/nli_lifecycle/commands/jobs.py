"""Commands that a job's tasks call beside the pipelines."""

from __future__ import annotations

import click

from nli_lifecycle.commands.options import located, say
from nli_lifecycle.commands.places import Place, only


@click.command()
@located
@click.option("--job-run", required=True, help="the platform's id of the job's run")
@click.option(
    "--task",
    "tasks",
    multiple=True,
    required=True,
    help="a task that had to run; name=result where the platform says how it ended",
)
def conclude(places: list[Place], as_json: bool, job_run: str, tasks: tuple[str, ...]) -> None:
    """End the run over a job's tasks as FINISHED or FAILED; exit code 1 where it failed."""
    from mlflow import MlflowClient

    from nli_lifecycle import job_run as job
    from nli_lifecycle.lifecycle.registry.upload import find_experiment

    place = only(places)
    named = {name: result or None for name, _, result in (one.partition("=") for one in tasks)}
    for name in named:
        job.JobTask(job_run, name)  # refuses what no run can carry as a tag
    client = MlflowClient(place.tracking_uri)
    root = place.settings.get("artifact_root")
    experiment_id = find_experiment(client, place.experiment, root)
    ended = job.conclude(client, experiment_id, job_run, named)
    if as_json:
        say({"run_id": ended.run_id, "status": ended.status, "faults": ended.faults})
    else:
        click.echo(f"Job run {job_run}: {ended.status} (MLflow run {ended.run_id}).")
        for task, why in ended.faults.items():
            click.echo(f"  {task}: {why}")
    if ended.faults:
        raise click.exceptions.Exit(1)


@click.command()
@located
@click.option("--model-name", required=True, help="the model that the platform names")
@click.option("--model-version", required=True, help="the number that the platform names")
def admit(places: list[Place], as_json: bool, model_name: str, model_version: str) -> None:
    """Check that a version is the undecided candidate; exit code 1 where it is not."""
    from nli_lifecycle.lifecycle import admission

    registry = only(places).open()
    ref = admission.admit(registry, model_name, model_version)
    if as_json:
        say({"version": ref.version, "digest": ref.digest})
    else:
        click.echo(f"{ref} is the candidate of {registry.environment} and may be judged.")
