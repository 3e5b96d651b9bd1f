"""Registries to test on: in memory, and MLflow on SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.registry import MlflowRegistry, Registry

MakeRegistry = Callable[..., Registry]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with MLflow's tables: making one takes seconds, copying it none."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Iterator[str]:
    """Address of a fresh SQLite store; MLflow's current store is another one, on purpose."""
    path = tmp_path / "mlflow.db"
    shutil.copy(empty_store, path)
    mlflow.set_tracking_uri(f"sqlite:///{empty_store}")
    yield f"sqlite:///{path}"
    mlflow.set_tracking_uri(None)


@pytest.fixture
def mlflow_registry(store: str, tmp_path: Path) -> MakeRegistry:
    def make(environment: str = "dev", upstream: Registry | None = None) -> MlflowRegistry:
        registry = MlflowRegistry(
            f"{environment}.nli.classifier",
            environment=environment,
            experiment=f"nli-{environment}",
            artifact_root=str(tmp_path / "artifacts" / environment),
            downloads=tmp_path / "downloads" / environment,
            tracking_uri=store,
            upstream=upstream,
        )
        registry.actor = "somebody"
        return registry

    return make


@pytest.fixture
def memory_registry(tmp_path: Path) -> MakeRegistry:
    def make(environment: str = "dev", upstream: Registry | None = None) -> InMemoryRegistry:
        return InMemoryRegistry(
            f"{environment}.nli.classifier",
            environment=environment,
            folder=tmp_path / "memory" / environment,
            upstream=upstream,
        )

    return make


@pytest.fixture(params=["memory_registry", "mlflow_registry"])
def make_registry(request: pytest.FixtureRequest) -> MakeRegistry:
    """Every registry must behave alike."""
    make: MakeRegistry = request.getfixturevalue(request.param)
    return make
