"""Whether tasks fit the pipelines: order by data, nothing in memory, one run over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from deployment.loading import Loaded
from deployment.meaning import registered
from deployment.tasks import Call, ancestors, calls, dependencies


def check_flow(loaded: Loaded) -> Iterator[str]:
    """Tasks wait for the data they read, and every job's run is concluded."""
    made = [one for one in calls(loaded) if isinstance(one, Call)]
    for name, job in loaded.jobs.items():
        path = f"resources.jobs.{name}.tasks."
        runs = {one.key: one for one in made if one.path.startswith(path) and not one.command}
        waits = dependencies(job)
        yield from _by_data(runs, waits, loaded)
        yield from _one_at_a_time(runs, waits)
        ends = [one for one in made if one.path.startswith(path) and one.command == "conclude"]
        if len(runs) > 1:
            yield from _concluded(path, runs, ends, job)


def _by_data(runs: dict[str, Call], waits: dict[str, set[str]], loaded: Loaded) -> Iterator[str]:
    persistent = _persistent(loaded.conf, loaded.target)
    graphs = {key: _graph(tuple(call.options["pipelines"] or ())) for key, call in runs.items()}
    for key, (inputs, _) in graphs.items():
        before = ancestors(waits, key)
        for data in sorted(inputs):
            writers = {other for other, (_, out) in graphs.items() if data in out and other != key}
            if not writers:
                continue
            if not writers & before:
                yield f"{runs[key].path}: it reads {data!r}, which {_and(writers)} writes, and " + (
                    "does not wait for it"
                )
            if data not in persistent:
                yield f"{runs[key].path}: it reads {data!r}, which {_and(writers)} leaves in memory"


def _one_at_a_time(runs: dict[str, Call], waits: dict[str, set[str]]) -> Iterator[str]:
    for one, other in combinations(runs.values(), 2):
        same = one.options.get("home") == other.options.get("home")
        ordered = one.key in ancestors(waits, other.key) or other.key in ancestors(waits, one.key)
        if same and not ordered:
            said = f"it may run beside {one.key!r} in the same data root"
            yield f"{other.path}: {said}, which takes one run at a time"


def _concluded(
    path: str, runs: dict[str, Call], ends: list[Call], job: dict[str, Any]
) -> Iterator[str]:
    if len(ends) != 1:
        said = "several tasks share a run, so one must conclude it"
        yield f"{path.rstrip('.')}: {said}; there are {len(ends)}"
        return
    (end,) = ends
    task = next(one for one in job["tasks"] if one["task_key"] == end.key)
    if task.get("run_if") != "ALL_DONE":
        yield f"{end.path}: run_if must be ALL_DONE, or a job that failed is never concluded"
    named = {one.partition("=")[0] for one in end.options["tasks"]}
    if named != runs.keys():
        yield f"{end.path}: it must name the tasks {sorted(runs)}, and names {sorted(named)}"
    for key in sorted(runs.keys() - ancestors(dependencies(job), end.key)):
        yield f"{end.path}: it does not wait for {key!r}"
    for key, run in runs.items():
        if "--job-run={{job.run_id}}" not in run.raw or run.options.get("job_task") != key:
            yield f"{run.path}: it does not join the job's run by --job-run and --job-task"


@cache
def _graph(names: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Free inputs and outputs of pipelines; those that do not exist have none."""
    known = [registered()[name] for name in names if name in registered()]
    outputs = {one for pipeline in known for one in pipeline.all_outputs()}
    inputs = {one for pipeline in known for one in pipeline.inputs()} - outputs
    return frozenset(inputs), frozenset(outputs)


@cache
def _persistent(conf: Path, environment: str) -> frozenset[str]:
    """Names of catalog entries that outlive a process."""
    from nli_lifecycle.commands.places import load_configuration

    catalog = load_configuration(str(conf), environment)["catalog"]
    return frozenset(
        name
        for name, entry in catalog.items()
        if isinstance(entry, dict) and not str(entry.get("type", "")).endswith("MemoryDataset")
    )


def _and(names: set[str]) -> str:
    return " and ".join(repr(name) for name in sorted(names))
