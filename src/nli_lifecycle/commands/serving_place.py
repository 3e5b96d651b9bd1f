"""Which model `nli-serve` serves, and with which settings: by a project's configuration, or named.

Where a model is named, nothing of Kedro is imported: a service's image holds none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from nli_lifecycle.masking import mask_text
from nli_lifecycle.serving.settings import ServingSettings

if TYPE_CHECKING:
    from nli_lifecycle.commands.places import Place
    from nli_lifecycle.lifecycle.registry.head import RegistryHead


class StartError(ValueError):
    """The service cannot start as asked; the message says what to do."""


@dataclass(frozen=True)
class ServingPlace:
    """Where a model is registered, and where those come from that are taken in there."""

    model: str
    environment: str
    tracking_uri: str
    registry_uri: str
    upstream: tuple[ServingPlace, ...] = ()

    def head(self) -> RegistryHead:
        """The registry's head; nothing is contacted yet."""
        from nli_lifecycle.lifecycle.registry.head import RegistryHead

        return RegistryHead(
            self.model,
            environment=self.environment,
            tracking_uri=self.tracking_uri,
            registry_uri=self.registry_uri,
            upstream=[place.head() for place in self.upstream],
        )


def of_names(
    model: str,
    *,
    env: str | None,
    registry_uri: str | None,
    tracking_uri: str | None,
    file: str | None,
    changed: Mapping[str, Any],
) -> tuple[ServingPlace, ServingSettings]:
    """A model that is named; all its files below NLI_HOME, else below the working directory.

    Args:
        model: the registered model.
        env: the environment's name; None: the catalog, as in ``prod.nli.classifier``.
        registry_uri: where it is registered; None: MLFLOW_REGISTRY_URI or MLFLOW_TRACKING_URI.
        tracking_uri: where its ledger is, if elsewhere.
        file: YAML file of the settings that differ from the defaults.
        changed: settings said on the command line.

    Raises:
        StartError: nothing says where it is registered, the file cannot be read, or it says what
            is no setting.
    """
    asked = registry_uri or os.environ.get("MLFLOW_REGISTRY_URI")
    tracking = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or asked
    if not tracking:
        raise StartError(
            f"Say where {model} is registered: --registry-uri <address> or MLFLOW_REGISTRY_URI; "
            "and --tracking-uri <address>, if its ledger is elsewhere."
        )
    home = Path(os.environ.get("NLI_HOME") or Path.cwd()).resolve()
    values: dict[str, Any] = {
        "follow": {"cache": str(home / "served")},
        "log": {
            "url": os.environ.get("NLI_LOG_URL") or f"sqlite:///{home / 'inference_log.db'}",
            "journal": str(home / "inference_journal"),
        },
        "monitoring": {"report": str(home / "monitoring" / "report.json")},
    }
    for key, value in _read(file).items():
        known = values.get(key, {})
        values[key] = {**known, **value} if isinstance(value, dict) else value
    place = ServingPlace(model, env or model.partition(".")[0], tracking, asked or tracking)
    return place, checked({**values, **changed}, file or "the command line")


def of_project(
    env: str, conf_source: str | None, changed: Mapping[str, Any]
) -> tuple[ServingPlace, ServingSettings]:
    """An environment of a project's configuration, those upstream of it, and its `serving.yml`.

    Args:
        env: the environment.
        conf_source: configuration folder or archive; None: the project's.
        changed: settings said on the command line.

    Raises:
        PlaceError: there is no project.
        StartError: no such environment, no `serving.yml`, or it says what is no setting.
    """
    from kedro.config import MissingConfigException

    from nli_lifecycle.commands.places import find_places, load_configuration

    places = find_places(None, None, None, None, conf_source)
    place = next((place for place in places if place.environment == env), None)
    if place is None:
        known = ", ".join(place.environment for place in places)
        raise StartError(f"Unknown environment '{env}'. Known: {known}.")
    try:
        values = dict(load_configuration(place.conf_source, env)["serving"])
    except MissingConfigException as error:
        raise StartError(f"{place.conf_source} has no serving.yml for '{env}'.") from error
    settings = checked({**values, **changed}, f"serving.yml of '{env}'")
    return _with_upstream(place, places), settings


def checked(values: Mapping[str, Any], where: str) -> ServingSettings:
    """Settings from plain values.

    Raises:
        StartError: naming each key that is wrong; values are not repeated, one may be a password.
    """
    try:
        return ServingSettings.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise StartError(
            f"Settings that are not valid in {where}: {faults}. "
            "docs/serving.md lists every key with its meaning and unit."
        ) from None


def shown(settings: ServingSettings) -> str:
    """Settings as YAML, logins in addresses blanked."""
    return yaml.safe_dump(_masked(settings.model_dump(mode="json")), sort_keys=False)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return mask_text(value) if isinstance(value, str) else value


def _read(file: str | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StartError(f"{file} cannot be read: {' '.join(str(error).split())}.") from error
    if not isinstance(values, dict):
        raise StartError(f"{file} holds {type(values).__name__}, not keys and values.")
    return values


def _with_upstream(place: Place, places: list[Place]) -> ServingPlace:
    """A place with all those upstream of it, furthest first."""
    by_model = {place.model: place for place in places}
    chain: list[Place] = []
    above: Place | None = place
    while above is not None:
        upstream = above.settings.get("upstream")
        above = by_model.get(str(upstream["model"])) if upstream else None
        if above is not None:
            chain.insert(0, above)
    return _served(place, tuple(_served(one) for one in chain))


def _served(place: Place, upstream: tuple[ServingPlace, ...] = ()) -> ServingPlace:
    tracking, registry = place.tracking_uri or "", place.registry_uri or ""
    return ServingPlace(place.model, place.environment, tracking, registry, upstream)
