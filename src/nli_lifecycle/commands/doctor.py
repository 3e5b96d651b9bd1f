"""Pre-flight: is everything there that a run of an environment needs?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nli_lifecycle.commands.places import Place, load_configuration


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; where it is not fine, ``said`` tells how to mend it."""

    check: str
    fine: bool
    said: str


class Unfit(ValueError):
    """What a check found wrong."""


def examine(place: Place) -> Iterator[Finding]:
    """Check an environment, one thing after the other.

    Yields:
        A finding per check; a failing check does not stop the others.
    """
    source = place.conf_source
    if source:
        yield _look("configuration", lambda: _configuration(source, place.environment))
        yield _look("catalog", lambda: _catalog(source, place.environment))
        yield _look("data folder", lambda: _folder(Path(place.settings["data_root"])))
    yield _look("stores", lambda: _stores(place))
    yield _look("ledger", lambda: _ledger(place))
    yield _look("aliases", lambda: _aliases(place))
    if place.settings.get("upstream"):
        yield _look("upstream", lambda: _upstream(place))
    elif source:
        yield _look("encoder", lambda: _encoder(source, place.environment))


def _look(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, True, look())
    except Exception as error:  # whatever is wrong, the doctor reports it and goes on
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return Finding(check, False, " ".join(lines)[:600])


def parameter_models() -> dict[str, Any]:
    """Groups of parameters and the models that check them."""
    from nli_lifecycle.lifecycle.policy import Policy
    from nli_lifecycle.parameters import (
        DataParameters,
        EvaluationParameters,
        ExportParameters,
        TrainingParameters,
    )

    return {
        "policy": Policy,
        "data": DataParameters,
        "evaluation": EvaluationParameters,
        "export": ExportParameters,
        "training": TrainingParameters,
    }


def _configuration(source: str, env: str) -> str:
    parameters = load_configuration(source, env)["parameters"]
    for name, model in parameter_models().items():
        model.model_validate(parameters[name])
    return f"globals and parameters of {env} resolve and are valid."


def _catalog(source: str, env: str) -> str:
    from kedro.io.core import DatasetError, parse_dataset_definition

    catalog = load_configuration(source, env)["catalog"]
    entries = {name: entry for name, entry in catalog.items() if not name.startswith("_")}
    for name, entry in entries.items():
        for part in filter(None, (entry, entry.get("dataset"))):
            try:
                parse_dataset_definition(dict(part))
            except DatasetError as error:
                raise Unfit(f"Entry {name}: {error} Correct its type, or install it.") from error
    return f"{len(entries)} entries, every class is there."


def _folder(folder: Path) -> str:
    there = folder
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK):
        raise Unfit(f"{there} cannot be written to. Give this user access, or set NLI_HOME.")
    return f"{folder} can be written to."


def _stores(place: Place) -> str:
    for uri in filter(None, {place.tracking_uri, place.registry_uri}):
        if uri.startswith("sqlite:///"):
            _folder(Path(uri.removeprefix("sqlite:///")))
    if root := place.settings.get("artifact_root"):
        _folder(Path(root))
    if place.empty:
        return "the embedded store will be made by the first run."
    registry = place.open()
    registry.aliases()
    experiment = registry.client.get_experiment_by_name(registry.experiment)
    if experiment is None:
        return "reachable; the experiment will be made by the first run."
    if experiment.lifecycle_stage != "active":
        raise Unfit(
            f"Experiment {registry.experiment} was deleted. Restore it: `mlflow experiments "
            f"restore --experiment-id {experiment.experiment_id}`."
        )
    registry.client.set_experiment_tag(experiment.experiment_id, "doctor", "was here")
    return f"reachable and writable, as {registry.actor}."


def _ledger(place: Place) -> str:
    if place.empty:
        return "none yet: nothing was released."
    from nli_lifecycle.lifecycle.ledger.entry import LedgerGone
    from nli_lifecycle.lifecycle.ledger.protocol import read
    from nli_lifecycle.lifecycle.mirror import mirrored
    from nli_lifecycle.lifecycle.versions import CHAMPION

    registry = place.open()
    at = f"--env {place.environment}"
    try:
        records = read(registry.ledger)
    except LedgerGone as error:
        left = len(mirrored(registry))
        raise Unfit(
            f"{error} It was deleted or damaged; the versions still carry {left} of its lines."
        ) from error
    if records is not None:
        return f"{len(records.history.entries)} entries, {len(records.votes)} votes, whole."
    if lines := len(mirrored(registry)):
        raise Unfit(
            f"It was deleted: the versions carry {lines} of its lines. Restore it: "
            f"`kedro lifecycle reconcile --rebuild {at}`."
        )
    if CHAMPION in registry.aliases():
        raise Unfit(
            "There never was one, but there is a champion. Take it over: "
            f"`kedro lifecycle reconcile --adopt {at}`."
        )
    return "none yet: nothing was released."


def _aliases(place: Place) -> str:
    if place.empty:
        return "none yet."
    from nli_lifecycle.lifecycle.overview import status

    found = status(place.open())
    if not found["aliases_match"]:
        raise Unfit(
            found["fault"]
            or "they do not follow the ledger: "
            f"`kedro lifecycle reconcile --env {place.environment}`."
        )
    return "as the ledger says."


def _upstream(place: Place) -> str:
    from nli_lifecycle.lifecycle.upstream import released_champion

    if place.empty:
        return "nothing was released there yet."
    upstream = place.open(upstream=True).upstream
    assert upstream is not None
    return f"{released_champion(upstream)} can be taken in."


def _encoder(source: str, env: str) -> str:
    from nli_lifecycle.nli.export.payload import check_exportable
    from nli_lifecycle.nli.training.encoders import locate_encoder
    from nli_lifecycle.parameters import TrainingParameters

    parameters = load_configuration(source, env)["parameters"]["training"]
    training = TrainingParameters.model_validate(parameters)
    check_exportable(locate_encoder(training), max_length=training.max_length)
    return f"{training.encoder} is there and can be exported."
