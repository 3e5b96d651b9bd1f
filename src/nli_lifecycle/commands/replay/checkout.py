"""What this checkout has to offer a run of before: configuration, data, code, as they are now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.utils import find_kedro_project
from pydantic import ValidationError

from nli_lifecycle.commands.places import Place, load_configuration
from nli_lifecycle.masking import mask_values
from nli_lifecycle.replay.differences import Today
from nli_lifecycle.replay.overrides import Change, nested
from nli_lifecycle.replay.recording import code_now, home_folder, places_hash
from nli_lifecycle.replay.runs import FoundRun, Used


def configured(place: Place) -> dict[str, Any]:
    """Today's parameters of an environment with their defaults, secrets blanked.

    A group that is not valid today is left as it is written: its own run will say so.
    """
    from nli_lifecycle.commands.doctor import parameter_models

    parameters = dict(load_configuration(place.conf_source, place.environment)["parameters"])
    for name, model in parameter_models().items():
        if name in parameters:
            try:
                parameters[name] = model.model_validate(parameters[name]).model_dump(mode="json")
            except ValidationError:
                continue
    masked: dict[str, Any] = mask_values(parameters)
    return masked


def look_around(place: Place, run: FoundRun, changed: list[Change]) -> Today:
    """Collect what a replay would meet.

    Args:
        place: the run's environment.
        run: the run.
        changed: parameters that would be passed.
    """
    loader = load_configuration(place.conf_source, place.environment, nested(changed))
    return Today(
        code=code_now(find_kedro_project(Path.cwd()) or Path.cwd()),
        places=places_hash(loader),
        home=home_folder(),
        data_version=_data_version(loader["catalog"]),
        files=tuple(filter(None, map(_fault, run.used))),
    )


def _data_version(catalog: Mapping[str, Any]) -> str | None:
    entry = catalog.get("data_version") or {}
    file = Path(entry.get("filepath", ""))
    return file.read_text().strip() if file.is_file() else None


def _fault(used: Used) -> str | None:
    """What became of a raw file; None where it is as it was, or is no file."""
    if used.context != "raw" or not used.stamp.endswith(" ns"):
        return None
    file = Path(used.origin)
    if not file.is_file():
        return f"Raw file {file} is gone."
    state = file.stat()
    if used.stamp == f"{state.st_size} bytes, {state.st_mtime_ns} ns":
        return None
    with file.open("rb") as opened:
        content = hashlib.file_digest(opened, "sha256").hexdigest()
    if content == used.content:
        return None
    return f"Raw file {file} has other content than then."
