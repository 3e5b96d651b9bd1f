"""Whether Databricks knows every field, and takes every value, of the bundle's resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from databricks.bundles.core import Bundle
from databricks.bundles.core._resource_type import _ResourceType
from databricks.bundles.jobs import Job, Task

from deployment.compute import classic
from deployment.loading import Loaded


def check_schema(loaded: Loaded) -> Iterator[str]:
    """Parse every resource with Databricks' own classes."""
    kinds = {kind.plural_name: kind.resource_type for kind in _ResourceType.all()}
    for kind, resources in loaded.document.get("resources", {}).items():
        if kind not in kinds:
            yield f"resources.{kind}: Databricks has no such kind of resource"
            continue
        for name, resource in resources.items():
            path = f"resources.{kind}.{name}"
            tasks = resource.get("tasks", []) if kinds[kind] is Job else []
            for number, task in enumerate(tasks):
                where = f"{path}.tasks.{task.get('task_key', number)}"
                yield from _parse(Task, task, where)
            rest = {key: value for key, value in resource.items() if not tasks or key != "tasks"}
            yield from _parse(kinds[kind], rest, path)


def on_classic_compute(loaded: Loaded) -> Loaded:
    """The same bundle with its jobs on clusters, through the code that a deployment runs."""
    bundle = Bundle(target=loaded.target, variables={**loaded.variables, "compute": "classic"})
    jobs = {
        name: classic.function(bundle, Job.from_dict(job)).as_dict()
        for name, job in loaded.jobs.items()
    }
    resources = {**loaded.document["resources"], "jobs": jobs}
    document = {**loaded.document, "resources": resources}
    return Loaded(loaded.folder, loaded.target, document, loaded.variables)


def _parse(kind: Any, value: Any, path: str) -> Iterator[str]:
    try:
        parsed = kind.from_dict(value).as_dict()
    except (ValueError, TypeError, AttributeError) as error:
        yield f"{path}: {error}"
        return
    yield from _changed(value, parsed, path)


def _changed(given: Any, parsed: Any, path: str) -> Iterator[str]:
    """Their classes take a map for a text, by writing it out."""
    if isinstance(given, dict) and isinstance(parsed, dict):
        for key in given.keys() & parsed.keys():
            yield from _changed(given[key], parsed[key], f"{path}.{key}")
    elif isinstance(given, list) and isinstance(parsed, list):
        for number, (one, other) in enumerate(zip(given, parsed)):
            yield from _changed(one, other, f"{path}[{number}]")
    elif isinstance(given, (dict, list)):
        yield f"{path}: a {type(given).__name__} stands where a {type(parsed).__name__} belongs"
