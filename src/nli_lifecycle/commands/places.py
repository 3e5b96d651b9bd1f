"""Which registries a command is about: the project's environments, or one named by its address."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nli_lifecycle.session import MLFLOW_DEFAULTS, environments

if TYPE_CHECKING:
    from nli_lifecycle.lifecycle.registry import MlflowRegistry


class PlaceError(ValueError):
    """A command that does not say which registry it is about."""


@dataclass(frozen=True)
class Place:
    """One environment's registry, not opened yet."""

    environment: str
    model: str
    tracking_uri: str | None
    registry_uri: str | None
    settings: dict[str, Any] = field(default_factory=dict)
    conf_source: str = ""

    @property
    def empty(self) -> bool:
        """Whether its embedded store was never made; opening it would make it."""
        uri = self.registry_uri or ""
        return uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists()

    @property
    def experiment(self) -> str:
        """Name of the experiment that groups its runs and owns its models' bytes."""
        folder = "/Shared/" if str(self.tracking_uri).startswith("databricks") else ""
        return self.settings.get("experiment") or f"{folder}nli-{self.environment}"

    def open(self, upstream: bool = False) -> MlflowRegistry:
        """Open the registry, and its upstream's where that is asked for."""
        from nli_lifecycle.datasets.registry import RegistryDataset

        for name, value in MLFLOW_DEFAULTS.items():
            os.environ.setdefault(name, value)
        # Its own folder: a run beside it may be reading what it fetched.
        downloads = tempfile.mkdtemp(prefix="nli-lifecycle-")
        atexit.register(shutil.rmtree, downloads, ignore_errors=True)
        return RegistryDataset(
            registered_model=self.model,
            environment=self.environment,
            experiment=self.experiment,
            downloads=downloads,
            artifact_root=self.settings.get("artifact_root"),
            tracking_uri=self.tracking_uri or self.registry_uri,
            registry_uri=self.registry_uri,
            upstream=self.settings.get("upstream") if upstream else None,
            stage=self.settings.get("stage"),
        ).load()


def find_places(
    env: str | None,
    model: str | None,
    registry_uri: str | None,
    tracking_uri: str | None,
    conf_source: str | None,
) -> list[Place]:
    """Find the environments a command is about.

    Args:
        env: only this one; None: all, in the order in which models travel.
        model: registered model, named without any configuration.
        registry_uri: its address; with ``model``. None: MLFLOW_REGISTRY_URI or _TRACKING_URI.
        tracking_uri: where its ledger is, if elsewhere.
        conf_source: configuration folder or archive; None: ``conf`` of the project.

    Raises:
        PlaceError: neither a model nor a configuration, or no such environment.
    """
    if model is not None:
        asked = registry_uri or os.environ.get("MLFLOW_REGISTRY_URI")
        tracking = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        if not (asked or tracking):
            raise PlaceError("Say where the model is registered: --registry-uri <address>.")
        return [Place(env or model.partition(".")[0], model, tracking or asked, asked or tracking)]
    source = _configuration(conf_source)
    known = environments(source) or ["dev", "staging", "prod"]
    if env is not None and env not in known:
        raise PlaceError(f"Unknown environment '{env}'. Known: {', '.join(known)}.")
    places = [_place(source, name) for name in ([env] if env else known)]
    return _in_order(places)


def only(places: list[Place]) -> Place:
    """The one place a changing command is about.

    Raises:
        PlaceError: it does not say which.
    """
    if len(places) == 1:
        return places[0]
    raise PlaceError(
        f"Say which environment: --env {' or '.join(place.environment for place in places)}."
    )


def load_configuration(source: str, env: str, runtime_params: dict[str, Any] | None = None) -> Any:
    """Kedro's loader of one environment's configuration, as a run has it."""
    from kedro.config import OmegaConfigLoader

    from nli_lifecycle import settings

    arguments: dict[str, Any] = {**settings.CONFIG_LOADER_ARGS, "default_run_env": env}
    return OmegaConfigLoader(source, env=env, runtime_params=runtime_params, **arguments)


def _place(source: str, env: str) -> Place:
    settings = dict(load_configuration(source, env)["globals"])
    return Place(
        env,
        settings["registered_model"],
        settings["tracking_uri"],
        settings["registry_uri"],
        settings,
        source,
    )


def _configuration(conf_source: str | None) -> str:
    if conf_source:
        return conf_source
    from kedro.utils import find_kedro_project

    project = find_kedro_project(Path.cwd())
    if project is None:
        raise PlaceError(
            "There is no project here. Name the model and its registry: "
            "--model prod.nli.classifier --registry-uri <address>; or the configuration: "
            "--conf-source <folder or archive>."
        )
    return str(project / "conf")


def _in_order(places: list[Place]) -> list[Place]:
    """Upstream first."""
    by_model = {place.model: place for place in places}

    def depth(place: Place) -> int:
        upstream = place.settings.get("upstream")
        above = by_model.get(str(upstream["model"])) if upstream else None
        return 0 if above is None else 1 + depth(above)

    return sorted(places, key=depth)
