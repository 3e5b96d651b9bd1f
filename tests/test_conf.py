"""Every environment resolves for every pipeline, without running anything."""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from project import PROJECT
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from pydantic import BaseModel

from nli_lifecycle import settings
from nli_lifecycle.pipeline_registry import register_pipelines
from nli_lifecycle.session import environments

ENVIRONMENTS = ["dev", "prod", "staging"]


@cache
def pipelines() -> dict[str, Pipeline]:
    return register_pipelines()


def loader(environment: str) -> OmegaConfigLoader:
    # Never cached: Kedro's `globals` resolver belongs to the loader that was made last.
    return OmegaConfigLoader(
        str(PROJECT / "conf"), env=environment, **settings.CONFIG_LOADER_ARGS  # type: ignore
    )


@cache
def catalog(environment: str) -> DataCatalog:
    return DataCatalog.from_config(loader(environment)["catalog"])


def test_the_environments_are_the_known_ones() -> None:
    assert environments(PROJECT / "conf") == ENVIRONMENTS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", sorted(register_pipelines()))
def test_every_input_of_every_pipeline_is_known(environment: str, name: str) -> None:
    parameters = loader(environment)["parameters"]
    pipeline = pipelines()[name]
    produced_elsewhere = pipelines()["train_and_release"].all_outputs()
    for source in pipeline.inputs():
        if source.startswith("params:"):
            value: Any = parameters
            for key in source.removeprefix("params:").split("."):
                assert key in value, f"{source} is not among {environment}'s parameters"
                value = value[key]
        else:
            # An entry of the catalog, or handed over in memory by the pipeline before it.
            assert source in catalog(environment) or source in produced_elsewhere, source


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_catalog_entry_can_be_built(environment: str) -> None:
    for name in loader(environment)["catalog"]:
        if not name.startswith("_"):
            assert catalog(environment).get(name) is not None


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_typed_parameters_accept_the_configuration(environment: str) -> None:
    parameters = loader(environment)["parameters"]
    checked = set()
    names = ("train_and_release", "intake", "tuning", "review", "batch_scoring")
    for node in (node for name in names for node in pipelines()[name].nodes):
        hints = get_type_hints(node.func)
        arguments = list(inspect.signature(node.func).parameters)
        for source, argument in zip(node.inputs, arguments):
            kind = hints.get(argument)
            if inspect.isclass(kind) and issubclass(kind, BaseModel) and "params:" in source:
                key = source.removeprefix("params:")
                kind.model_validate(parameters[key])
                checked.add(key)
    every = {
        "data",
        "training",
        "tuning",
        "export",
        "evaluation",
        "policy",
        "review",
        "batch_scoring",
    }
    assert checked >= every


@pytest.mark.parametrize("setting", ["data_root", "registered_model", "experiment"])
def test_environments_never_share_what_makes_them_distinct(setting: str) -> None:
    values = [loader(environment)["globals"][setting] for environment in ENVIRONMENTS]
    assert len(set(values)) == len(ENVIRONMENTS)


def test_environments_have_policies_of_their_own() -> None:
    policies = [str(loader(environment)["parameters"]["policy"]) for environment in ENVIRONMENTS]
    assert len(set(policies)) == len(ENVIRONMENTS)


def test_layers_written_by_one_environment_lie_below_its_data_root() -> None:
    for environment in ENVIRONMENTS:
        root = loader(environment)["globals"]["data_root"]
        entries = loader(environment)["catalog"]
        written = [path for name in entries if name != "raw" for path in _filepaths(entries[name])]
        assert written and all(path.startswith(root) for path in written)


def _filepaths(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return []
    own = [entry["filepath"]] if "filepath" in entry else []
    return own + [path for value in entry.values() for path in _filepaths(value)]


def test_the_embedded_store_is_absolute_and_follows_nli_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NLI_HOME", str(tmp_path))
    fresh = OmegaConfigLoader(
        str(PROJECT / "conf"), env="dev", **settings.CONFIG_LOADER_ARGS  # type: ignore
    )
    store = f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    assert fresh["mlflow"]["server"]["mlflow_tracking_uri"] == store
    assert fresh["globals"]["data_root"] == f"{tmp_path}/data/dev"


def test_addresses_come_from_the_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "databricks-uc")
    fresh = OmegaConfigLoader(
        str(PROJECT / "conf"), env="prod", **settings.CONFIG_LOADER_ARGS  # type: ignore
    )
    assert fresh["mlflow"]["server"] == {
        "mlflow_tracking_uri": "http://127.0.0.1:5000",
        "mlflow_registry_uri": "databricks-uc",
    }
    assert fresh["globals"]["artifact_root"] is None  # a server keeps artifacts where it wants


def test_one_key_changed_in_an_environment_keeps_its_siblings() -> None:
    staging = loader("staging")["parameters"]["data"]
    assert staging["splits"]["test"] == 1.0
    assert staging["max_characters"] == loader("dev")["parameters"]["data"]["max_characters"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_on_databricks_everything_is_named_there_and_nothing_is_contacted(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = f"/Volumes/{environment}/nli/data"
    for name, value in {
        "NLI_HOME": volume,
        "MLFLOW_TRACKING_URI": "databricks",
        "MLFLOW_REGISTRY_URI": "databricks-uc",
        "DATABRICKS_HOST": "https://workspace.invalid",
        "DATABRICKS_TOKEN": "none",
    }.items():
        monkeypatch.setenv(name, value)

    def contacted(*address: object, **options: object) -> None:
        raise AssertionError(f"{address} was contacted")

    monkeypatch.setattr("socket.getaddrinfo", contacted)
    monkeypatch.setattr("socket.socket.connect", contacted)
    fresh = loader(environment)
    settings, entries = dict(fresh["globals"]), fresh["catalog"]
    assert settings["registered_model"] == f"{environment}.nli.classifier"
    assert settings["experiment"] == f"/Shared/nli-{environment}"
    assert settings["artifact_root"] is None
    assert (settings["tracking_uri"], settings["registry_uri"]) == ("databricks", "databricks-uc")
    if environment != "dev":
        assert settings["upstream"]["registry_uri"] == "databricks-uc"
    assert all(path.startswith(f"{volume}/data/{environment}/") for path in _filepaths(entries))
    built = DataCatalog.from_config(entries)
    for name in entries:
        if not name.startswith("_"):
            assert built.get(name) is not None
