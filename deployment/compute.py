"""Serverless jobs as classic ones, where the variable `compute` asks for that.

`databricks bundle deploy` calls this for each job (databricks.yml, `python`), so that tasks are
written once. What has a cluster of its own stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from databricks.bundles.core import Bundle, job_mutator
from databricks.bundles.jobs import (
    ClusterSpec,
    DataSecurityMode,
    Job,
    JobCluster,
    Kind,
    Library,
    PythonPyPiLibrary,
    Task,
)

CLUSTER = "classic"


@job_mutator
def classic(bundle: Bundle, job: Job) -> Job:
    """Move serverless tasks onto one single-node cluster of the job."""
    if bundle.variables["compute"] != "classic" or not job.environments:
        return job
    needed = {
        environment.environment_key: list(environment.spec.dependencies)
        for environment in job.environments
    }
    cluster = ClusterSpec(
        spark_version=bundle.variables["runtime"],
        node_type_id=bundle.variables["node_type"],
        kind=Kind.CLASSIC_PREVIEW,
        is_single_node=True,
        data_security_mode=DataSecurityMode.DATA_SECURITY_MODE_DEDICATED,
    )
    return replace(
        job,
        environments=[],
        job_clusters=[*job.job_clusters, JobCluster(job_cluster_key=CLUSTER, new_cluster=cluster)],
        tasks=[_moved(task, needed) for task in job.tasks],
    )


def _moved(task: Task, needed: dict[str, list[str]]) -> Task:
    if task.environment_key is None:
        return task
    libraries = [_library(name) for name in needed[task.environment_key]]
    return replace(task, environment_key=None, job_cluster_key=CLUSTER, libraries=libraries)


def _library(name: str) -> Library:
    if name.endswith(".whl"):
        return Library(whl=name)
    return Library(pypi=PythonPyPiLibrary(package=name))
