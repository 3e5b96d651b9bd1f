"""Whether tasks can run: their order, their entry point, the words it is called with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click

from deployment.loading import Loaded

DYNAMIC = re.compile(r"\{\{([\w.]+)\}\}")


@dataclass(frozen=True)
class Call:
    """A wheel task as the process will see it.

    Attributes:
        path: of the task in the bundle.
        key: the task's key.
        words: its parameters, with the platform's references filled in by examples.
        raw: its parameters as written.
        command: name of the command they call; empty for a run of pipelines.
        options: as the command parsed them; empty where it refused.
    """

    path: str
    key: str
    words: tuple[str, ...]
    raw: tuple[str, ...]
    command: str
    options: dict[str, Any]


def check_order(loaded: Loaded) -> Iterator[str]:
    """What a task waits for exists, and nobody waits for himself."""
    for name, job in loaded.jobs.items():
        path = f"resources.jobs.{name}.tasks"
        waits = dependencies(job)
        for key, others in waits.items():
            for other in others - waits.keys():
                yield f"{path}.{key}.depends_on: there is no task {other!r}"
            if key in ancestors(waits, key):
                yield f"{path}.{key}.depends_on: it waits for itself, round a circle"


def dependencies(job: dict[str, Any]) -> dict[str, set[str]]:
    """Task → the tasks it waits for."""
    return {
        task["task_key"]: {one["task_key"] for one in task.get("depends_on", [])}
        for task in job.get("tasks", [])
    }


def ancestors(waits: dict[str, set[str]], key: str) -> set[str]:
    """All tasks that have ended when one begins."""
    found: set[str] = set()
    left = list(waits.get(key, ()))
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += waits.get(one, ())
    return found


def check_places(loaded: Loaded) -> Iterator[str]:
    """Every wheel task names compute that the job has, and an entry point that the wheel has."""
    project = tomllib.loads((loaded.folder / "pyproject.toml").read_text())["project"]
    for name, job in loaded.jobs.items():
        environments = {one["environment_key"] for one in job.get("environments", [])}
        clusters = {one["job_cluster_key"] for one in job.get("job_clusters", [])}
        for task in job.get("tasks", []):
            if "python_wheel_task" not in task:
                continue
            path = f"resources.jobs.{name}.tasks.{task['task_key']}"
            wheel = task["python_wheel_task"]
            environment, cluster = task.get("environment_key"), task.get("job_cluster_key")
            if (environment in environments) == (cluster in clusters):
                yield f"{path}: it needs one environment or one cluster of its job, and has " + (
                    f"{environment!r} and {cluster!r}"
                )
            if wheel["package_name"].replace("-", "_") != project["name"].replace("-", "_"):
                yield f"{path}: the wheel is {project['name']}, not {wheel['package_name']}"
            if wheel["entry_point"] not in project["scripts"]:
                yield f"{path}: the wheel has no entry point {wheel['entry_point']!r}; it has " + (
                    ", ".join(project["scripts"])
                )


def calls(loaded: Loaded) -> Iterator[Call | str]:
    """Every wheel task's words as its command takes them; a sentence where it refuses them."""
    for name, job in loaded.jobs.items():
        declared = {one["name"] for one in job.get("parameters", [])}
        keys = set(dependencies(job))
        for task in job.get("tasks", []):
            if "python_wheel_task" not in task:
                continue
            path = f"resources.jobs.{name}.tasks.{task['task_key']}"
            raw = tuple(task["python_wheel_task"].get("parameters", []))
            for reference in (one for word in raw for one in DYNAMIC.findall(word)):
                if said := _unknown(reference, declared, keys):
                    yield f"{path}: {{{{{reference}}}}} {said}"
            words = tuple(_example(word, task["task_key"]) for word in raw)
            try:
                command, options = _parse(words, loaded.conf)
            except click.UsageError as error:
                yield f"{path}: {error.format_message()}"
                continue
            yield Call(path, task["task_key"], words, raw, command, options)


def _unknown(reference: str, declared: set[str], keys: set[str]) -> str:
    space, _, rest = reference.partition(".")
    if space == "job" and rest.startswith("parameters."):
        name = rest.removeprefix("parameters.")
        return "" if name in declared else f"names no parameter of the job: {sorted(declared)}"
    if space == "tasks":
        task, _, what = rest.partition(".")
        if task not in keys:
            return f"names no task of the job: {sorted(keys)}"
        return "" if what == "result_state" else "is nothing that a task has"
    known = {"job.run_id", "job.id", "job.name", "job.repair_count", "task.name", "task.run_id"}
    return "" if reference in known else "is nothing that the platform fills in"


def _example(word: str, key: str) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[1] == "task.name":
            return key
        return "success" if found[1].endswith("result_state") else "17"

    return DYNAMIC.sub(fill, word)


@cache
def _parse(words: tuple[str, ...], conf: Path) -> tuple[str, dict[str, Any]]:
    """Let the real command take the words, without running it.

    The configuration's archive is not here; the folder that it is packed from stands for it.
    """
    from kedro.framework.project import LOGGING

    from nli_lifecycle import job

    here = [f"--conf-source={conf}" if w.startswith("--conf-source=") else w for w in words]
    with patch.dict("os.environ", job.VARIABLES), patch.object(LOGGING, "configure"):
        command = job._command(here)
    if not isinstance(command, click.Group):
        return "", dict(command.make_context("nli-job", here).params)
    name, *rest = here
    chosen = command.get_command(click.Context(command), name)
    if chosen is None:
        raise click.UsageError(f"there is no command {name!r}")
    return name, dict(chosen.make_context(name, rest).params)
