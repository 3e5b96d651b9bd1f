"""Read the bundle as Databricks' command line does: includes, one target's overrides, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

REFERENCE = re.compile(r"\$\{([\w.\[\]-]+)\}")
#: What the workspace says at deployment, and what a person gives: a name that stands for it.
OPEN = ("workspace.", "resources.")


class BundleError(ValueError):
    """The bundle cannot be read at all."""


@dataclass
class Loaded:
    """One target of the bundle.

    Attributes:
        folder: of databricks.yml.
        target: the target's name.
        document: everything, variables resolved; ``${workspace.…}`` and ``${resources.…}`` stay.
        variables: name → value for this target.
        findings: what is wrong with variables and references.
    """

    folder: Path
    target: str
    document: dict[str, Any]
    variables: dict[str, str]
    findings: list[str] = field(default_factory=list)

    @property
    def conf(self) -> Path:
        """The configuration that is packed with the wheel."""
        return (self.folder / "conf").resolve()

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """The target's jobs by key."""
        return dict(self.document.get("resources", {}).get("jobs", {}))


def targets(folder: Path) -> list[str]:
    """Names of the bundle's targets."""
    return list(_merged_files(folder).get("targets", {}))


def load(folder: Path, target: str, given: dict[str, str] | None = None) -> Loaded:
    """Read one target.

    Args:
        folder: of databricks.yml.
        target: its name.
        given: values as of ``--var``.

    Raises:
        BundleError: a file cannot be read, or there is no such target.
    """
    whole = _merged_files(folder)
    all_targets = whole.pop("targets", {})
    if target not in all_targets:
        raise BundleError(f"There is no target {target!r}. Known: {', '.join(all_targets)}.")
    overrides = dict(all_targets[target])
    set_here = overrides.pop("variables", {})
    document = _merge(whole, overrides)
    declared = document.get("variables", {})
    values = {name: str(one["default"]) for name, one in declared.items() if "default" in one}
    values |= {name: str(value) for name, value in set_here.items()}
    values |= given or {}
    loaded = Loaded(folder, target, {}, {})
    for name in sorted(set(set_here) - set(declared)):
        loaded.findings.append(f"targets.{target}.variables.{name}: no such variable is declared")
    for name in declared:
        values.setdefault(name, f"<{name}>")  # a person gives it at deployment
    names = {f"var.{name}": value for name, value in values.items()}
    names |= {"bundle.target": target, "bundle.name": str(document["bundle"]["name"])}
    loaded.variables = {
        name: _resolve(value, names, f"variables.{name}", loaded, whole)
        for name, value in values.items()
    }
    loaded.document = {
        key: value if key == "variables" else _resolve(value, names, key, loaded, document)
        for key, value in document.items()
    }
    return loaded


def used_variables(folder: Path) -> set[str]:
    """Names of all variables that a file of the bundle refers to."""
    found = {
        path.removeprefix("var.")
        for file in _files(folder)
        for path in REFERENCE.findall(file.read_text())
        if path.startswith("var.")
    }
    for code in folder.glob("deployment/*.py"):
        found |= set(re.findall(r'bundle\.variables\["(\w+)"\]', code.read_text()))
    return found


def declared_variables(folder: Path) -> set[str]:
    """Names of all variables that the bundle declares."""
    return set(_merged_files(folder).get("variables", {}))


def _files(folder: Path) -> list[Path]:
    root = folder / "databricks.yml"
    if not root.is_file():
        raise BundleError(f"There is no databricks.yml in {folder}.")
    include = (yaml.safe_load(root.read_text()) or {}).get("include", [])
    found = [sorted(folder.glob(pattern)) for pattern in include]
    for pattern, files in zip(include, found):
        if not files:
            raise BundleError(f"databricks.yml includes {pattern}, which matches no file.")
    return [root, *(file for files in found for file in files)]


def _merged_files(folder: Path) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for file in _files(folder):
        try:
            merged = _merge(merged, yaml.safe_load(file.read_text()) or {})
        except yaml.YAMLError as error:
            raise BundleError(f"{file.name} is no YAML: {error}") from error
    return merged


def _merge(below: Any, above: Any) -> Any:
    """Maps key by key, tasks and clusters by their keys, other lists one after the other."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {
            key: _merge(below[key], value) if key in below else value
            for key, value in above.items()
        }
    if isinstance(below, list) and isinstance(above, list):
        for key in ("task_key", "job_cluster_key", "environment_key", "name"):
            if all(isinstance(one, dict) and key in one for one in (*below, *above)):
                first, second = ({one[key]: one for one in ones} for ones in (below, above))
                return list(_merge(first, second).values())
        return [*below, *above]
    return above


def _resolve(value: Any, names: dict[str, str], path: str, loaded: Loaded, document: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _resolve(one, names, f"{path}.{key}", loaded, document)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [
            _resolve(one, names, f"{path}[{number}]", loaded, document)
            for number, one in enumerate(value)
        ]
    if not isinstance(value, str):
        return value
    for _ in range(10):  # a variable's value may name another variable
        known = [one for one in REFERENCE.findall(value) if one in names]
        for one in known:
            value = value.replace(f"${{{one}}}", names[one])
        if not known:
            break
    loaded.findings += list(_unknown(value, path, document))
    return value


def _unknown(value: str, path: str, document: Any) -> Iterator[str]:
    for reference in REFERENCE.findall(value):
        if not reference.startswith(OPEN):
            yield f"{path}: nothing is called ${{{reference}}}"
        elif reference.startswith("resources."):
            kind, _, name = reference.removeprefix("resources.").partition(".")
            name = name.partition(".")[0]
            if name not in document.get("resources", {}).get(kind, {}):
                yield f"{path}: ${{{reference}}} names no resource of this target"
