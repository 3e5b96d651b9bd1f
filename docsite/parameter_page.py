"""docs/reference/parameters.md, from the pydantic models."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tables import NOTE, code, table
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.monitoring.parameters import MonitoringParameters
from nli_lifecycle.parameters import (
    DataParameters,
    EvaluationParameters,
    ExportParameters,
    TrainingParameters,
    TuningParameters,
)
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.scoring.parameters import BatchScoringParameters
from nli_lifecycle.serving.settings import ServingSettings

#: Key in the configuration → model, the file that holds it, the guide that explains it.
GROUPS: dict[str, tuple[type[BaseModel], str, str]] = {
    "data": (DataParameters, "conf/base/parameters_data.yml", "data.md"),
    "training": (TrainingParameters, "conf/base/parameters_training.yml", "training.md"),
    "export": (ExportParameters, "conf/base/parameters_training.yml", "bundle.md"),
    "tuning": (TuningParameters, "conf/base/parameters_tuning.yml", "tuning.md"),
    "evaluation": (EvaluationParameters, "conf/base/parameters_evaluation.yml", "evaluation.md"),
    "policy": (Policy, "conf/<env>/parameters_promotion.yml", "promotion.md"),
    "batch_scoring": (
        BatchScoringParameters,
        "conf/base/parameters_batch_scoring.yml",
        "batch_scoring.md",
    ),
    "review": (ReviewParameters, "conf/base/parameters_review.yml", "review.md"),
    "monitoring": (
        MonitoringParameters,
        "conf/base/parameters_monitoring.yml",
        "monitoring.md",
    ),
}
SERVICE = (ServingSettings, "conf/base/serving.yml", "serving.md")
BOUNDS = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}

INTRODUCTION = """
# Parameters

{note}

Every parameter with its default, what it takes, and its meaning. Unknown keys are refused. A
default here is the model's; `conf/base` and the environments' layers may say another one
([configuration](configuration.md)). One value for one run: `kedro run --params
training.epochs=1`.

Not in a model: `source` and `source_path` ([data](../data.md)), `engine` and `launcher`
([training](../training.md#several-processes)), `evidence` ([evaluation](../evaluation.md)),
`mlflow_run_id` (log into this run).
"""


def parameter_page() -> str:
    """The page, as Markdown."""
    parts = [INTRODUCTION.strip().format(note=NOTE)]
    for key, (model, file, guide) in GROUPS.items():
        parts += [f"## {key}", f"`{file}`; guide: [{guide}](../{guide}).", _fields(model, key)]
    model, file, guide = SERVICE
    parts += ["## Service", f"`{file}`; guide: [{guide}](../{guide}).", _fields(model, "")]
    return "\n\n".join(parts) + "\n"


def leaves(
    model: type[BaseModel], prefix: str = "", given: BaseModel | None = None
) -> Iterator[tuple[str, FieldInfo, Any]]:
    """Every field below a model, groups opened: dotted name, field, default.

    Args:
        model: whose fields.
        prefix: stands before the names.
        given: the default of a group as its parent gives it, which may differ from the model's.
    """
    for name, field in model.model_fields.items():
        path = f"{prefix}.{name}" if prefix else name
        default = getattr(given, name) if given else _own_default(field)
        group = _group(field.annotation)
        if group is None or default is None:
            yield path, field, default
        if group is not None:
            inner = default if isinstance(default, group) else None
            yield from leaves(group, path, inner)


def _own_default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)


def _group(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation is, or is beside null."""
    options = [option for option in _options(annotation) if option is not type(None)]
    if len(options) == 1 and isinstance(options[0], type) and issubclass(options[0], BaseModel):
        return options[0]
    return None


def _options(annotation: Any) -> tuple[Any, ...]:
    is_union = get_origin(annotation) in (Union, types.UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _fields(model: type[BaseModel], prefix: str) -> str:
    """The table of a model, then one for each model that its lists and maps hold."""
    rows, parts = [], []
    for path, field, default in leaves(model, prefix):
        if path == "kind":  # what tells the models of a list apart, said in the line above
            continue
        rows.append((code(path), code(_shown(default)), _takes(field), _sentence(field)))
        for item in _items(field.annotation) if _group(field.annotation) is None else ():
            said = (item.__doc__ or "").strip().splitlines()[0]
            kind = item.model_fields.get("kind")
            called = f"`kind: {kind.default}`" if kind else f"`{item.__name__}`"
            parts.append(f"Each of `{path}`, {called}: {said}\n\n{_fields(item, '')}")
    return "\n\n".join([table(("key", "default", "takes", "meaning, unit"), rows), *parts])


def _items(annotation: Any) -> Iterator[type[BaseModel]]:
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part
        else:
            yield from _items(part)


def _sentence(field: FieldInfo) -> str:
    return (field.description or "").replace("<", "&lt;").replace("*", "\\*")


def _shown(value: Any) -> str:
    if value is PydanticUndefined:
        return ""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple | list) and value and isinstance(value[0], BaseModel):
        value = [item.kind for item in value]
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(str, value)) + "]"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _takes(field: FieldInfo) -> str:
    bounds = [
        f"{sign} {getattr(mark, kind.__name__.lower()):g}"
        for mark in field.metadata
        for kind, sign in BOUNDS.items()
        if isinstance(mark, kind)
    ]
    return ", ".join([_kind(field.annotation), *bounds])


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    options = _options(annotation)
    if len(options) > 1:
        return " or ".join("null" if option is type(None) else _kind(option) for option in options)
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return f"map: {_kind(key)} → {_kind(value)}"
    if get_origin(annotation) in (tuple, list):
        return f"list of {_kind(get_args(annotation)[0])}"
    names = {str: "text", int: "whole number", float: "number", bool: "true, false"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))
