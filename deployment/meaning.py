"""Whether the words of tasks mean something: environments, pipelines, parameters, files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from deployment.loading import Loaded
from deployment.tasks import Call, calls


def check_calls(loaded: Loaded) -> Iterator[str]:
    """What tasks ask for exists, and is this target's."""
    for call in calls(loaded):
        if isinstance(call, str):
            yield call
            continue
        yield from _environment(call, loaded)
        if call.command:
            yield from _model(call, loaded)
        else:
            yield from _run(call, loaded)


def _environment(call: Call, loaded: Loaded) -> Iterator[str]:
    from nli_lifecycle.session import environments

    known, asked = environments(loaded.conf), call.options.get("env")
    if asked not in known:
        yield f"{call.path}: there is no environment {asked!r}; conf/ has {', '.join(known)}"
    elif asked != loaded.target:
        yield f"{call.path}: target {loaded.target} works on environment {asked!r}"


def _run(call: Call, loaded: Loaded) -> Iterator[str]:
    known = registered()
    for name in call.options["pipelines"] or ():
        if name not in known:
            yield f"{call.path}: there is no pipeline {name!r}; there are {', '.join(known)}"
    if not call.options["pipelines"]:
        yield f"{call.path}: it names no pipeline, and would run the environment's default ones"
    for name in _keys(call.options["params"] or {}):
        if not _has(_parameters(loaded.conf, loaded.target), name) and name != "engine":
            yield f"{call.path}: there is no parameter {name!r}"
    if loaded.variables.get("conf") not in _values(call, "--conf-source"):
        yield f"{call.path}: its configuration is not the one packed with the wheel, var.conf"
    yield from _home(call, loaded)


def _home(call: Call, loaded: Loaded) -> Iterator[str]:
    volumes = loaded.document.get("resources", {}).get("volumes", {}).values()
    catalog = loaded.variables["catalog"]
    made = {f"/Volumes/{catalog}/nli/{volume['name']}" for volume in volumes}
    home = str(call.options.get("home"))
    if not any(home == one or home.startswith(f"{one}/") for one in made):
        yield f"{call.path}: --home={home} lies in no Volume that is deployed: {sorted(made)}"
    for option in ("tracking_uri", "registry_uri"):
        if not str(call.options.get(option)).startswith("databricks"):
            said = option.replace("_", "-")
            yield f"{call.path}: without --{said} it would use a store of its own"


def _model(call: Call, loaded: Loaded) -> Iterator[str]:
    wanted = settings_of(loaded.conf, loaded.target)["registered_model"]
    if call.options.get("model") != wanted:
        yield f"{call.path}: it is about {call.options.get('model')}, and the environment's " + (
            f"model is {wanted}"
        )


@cache
def registered() -> dict[str, Any]:
    """The project's pipelines."""
    from nli_lifecycle.pipeline_registry import register_pipelines

    return dict(register_pipelines())


def check_release(loaded: Loaded) -> Iterator[str]:
    """Wheel and configuration are of this version, from one folder, the same in all targets."""
    from nli_lifecycle import __version__

    names = {
        "wheel": f"nli_lifecycle-{__version__}-py3-none-any.whl",
        "conf": f"conf-nli_lifecycle-{__version__}.tar.gz",
    }
    folders = set()
    for name, file in names.items():
        path = PurePosixPath(loaded.variables.get(name, ""))
        folders.add(path.parent)
        if path.name != file:
            yield f"variables.{name}: `make package` makes {file}, and not {path.name}"
    if len(folders) > 1:
        yield f"variables: wheel and conf come from two folders, {sorted(map(str, folders))}"
    for path, text in texts(loaded.document.get("resources", {}), "resources"):
        if text.endswith(".whl") and text != loaded.variables.get("wheel"):
            yield f"{path}: another wheel than var.wheel"


def texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """All texts of a document with where they stand."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from texts(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from texts(one, f"{path}[{number}]")


@cache
def settings_of(conf: Path, environment: str) -> dict[str, Any]:
    """An environment's globals as they are on Databricks."""
    from unittest.mock import patch

    from nli_lifecycle.commands.places import load_configuration

    uris = {"MLFLOW_TRACKING_URI": "databricks", "MLFLOW_REGISTRY_URI": "databricks-uc"}
    with patch.dict("os.environ", uris):
        return dict(load_configuration(str(conf), environment)["globals"])


@cache
def _parameters(conf: Path, environment: str) -> dict[str, Any]:
    from nli_lifecycle.commands.places import load_configuration

    return dict(load_configuration(str(conf), environment)["parameters"])


def _values(call: Call, option: str) -> list[str]:
    return [w.partition("=")[2] for w in call.words if w.startswith(f"{option}=")]


def _keys(given: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in given.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            yield from _keys(value, f"{name}.")
        else:
            yield name


def _has(parameters: Any, name: str) -> bool:
    for key in name.split("."):
        if parameters is None:  # a group that is left out here
            return True
        if not isinstance(parameters, dict) or key not in parameters:
            return False
        parameters = parameters[key]
    return True
