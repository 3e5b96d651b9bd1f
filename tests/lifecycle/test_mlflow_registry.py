"""What only the real registry can get wrong: crashes between its calls, damage, dead servers."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from life import crown, submit
from mlflow.entities import LoggedModelStatus
from mlflow.exceptions import MlflowException
from sealed_folder import answering_bundle, sealed_folder

from nli_lifecycle.lifecycle.registry import MlflowRegistry, RegistryError

pytest_plugins = ["ready_registries"]


class Crash(BaseException):
    """Stands for the death of the process: nothing of ours catches it."""


class FaultyClient:
    """Dies before or after one of the calls that change something in MLflow.

    Dying around a call that only reads is the same as dying after the last change.
    """

    CHANGES = ("create_", "delete_", "finalize_", "log_", "set_", "update_")

    def __init__(self, client, die_at: int = 0, after: bool = False):
        self.client, self.die_at, self.after = client, die_at, after
        self.changes: list[str] = []

    def __getattr__(self, name):
        call = getattr(self.client, name)
        if not name.startswith(self.CHANGES):
            return call

        def counted(*args, **kwargs):
            self.changes.append(name)
            dies = len(self.changes) == self.die_at
            if dies and not self.after:
                raise Crash(f"before {name}")
            answer = call(*args, **kwargs)
            if dies:
                raise Crash(f"after {name}")
            return answer

        return counted


def versions_of(registry: MlflowRegistry, digest: str) -> list[str]:
    found = registry.client.search_model_versions(f"name='{registry.name}'")
    return [str(version.version) for version in found if version.tags.get("digest") == digest]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("die_at", range(1, 8))
def test_registration_survives_a_crash_around_every_change(
    mlflow_registry, tmp_path, die_at, after
):
    bundle = sealed_folder(tmp_path / "one")
    registry = mlflow_registry()
    registry.client = FaultyClient(registry.client, die_at, after)
    with pytest.raises(Crash):
        registry.register(bundle, {})

    registry = mlflow_registry()
    half = registry.alias("candidate")
    assert half is None or registry.fetch(half).digest == bundle.digest
    registry.client = FaultyClient(registry.client)
    ref = registry.register(bundle, {})
    assert versions_of(registry, bundle.digest) == [ref.version] == ["1"]
    assert registry.alias("candidate") == ref
    assert registry.fetch(ref).digest == bundle.digest


def test_those_are_all_the_changes_of_a_registration(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    registry.client = FaultyClient(registry.client)
    registry.register(sealed_folder(tmp_path / "one"), {})
    assert registry.client.changes == [
        "create_registered_model",
        "create_experiment",
        "create_logged_model",
        "log_model_artifacts",
        "finalize_logged_model",
        "create_model_version",
        "set_registered_model_alias",
    ]


def test_an_upload_that_fails_leaves_no_version_and_says_so(mlflow_registry, tmp_path, monkeypatch):
    registry = mlflow_registry()
    bundle = sealed_folder(tmp_path / "one")

    def full_disk(model_id, folder):
        raise OSError(28, "No space left on device", folder)

    monkeypatch.setattr(registry.client, "log_model_artifacts", full_disk)
    with pytest.raises(OSError, match="No space left"):
        registry.register(bundle, {})
    assert registry.alias("candidate") is None
    assert versions_of(registry, bundle.digest) == []
    experiment = registry.client.get_experiment_by_name("nli-dev").experiment_id
    (attempt,) = registry.client.search_logged_models([experiment])
    assert attempt.status == LoggedModelStatus.FAILED

    monkeypatch.undo()
    assert registry.register(bundle, {}).version == "1"


def test_an_unreachable_server_is_one_message_within_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    registry = MlflowRegistry(
        "dev.nli.classifier",
        environment="dev",
        experiment="nli-dev",
        downloads=tmp_path,
        tracking_uri="http://127.0.0.1:9",
    )
    bundle = sealed_folder(tmp_path / "one")
    start = time.monotonic()
    with pytest.raises(RegistryError, match="Cannot read the aliases .* MLFLOW_REGISTRY_URI"):
        registry.alias("champion")
    with pytest.raises(RegistryError, match="Cannot register .* is reachable and writable"):
        registry.register(bundle, {})
    assert time.monotonic() - start < 60


def stored_folder(tmp_path: Path, environment: str = "dev") -> Path:
    (mlmodel,) = (tmp_path / "artifacts" / environment).rglob("MLmodel")
    return mlmodel.parent


def test_bytes_altered_in_the_store_are_refused_by_name(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    ref = registry.register(sealed_folder(tmp_path / "one"), {})
    (stored_folder(tmp_path) / "artifacts/bundle/model.onnx").write_text("tampered")
    with pytest.raises(RegistryError, match=r"version 1 .* is damaged .*model\.onnx"):
        registry.fetch(ref)
    assert list((tmp_path / "downloads" / "dev").iterdir()) == []


def test_a_deleted_experiment_is_explained(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    registry.register(sealed_folder(tmp_path / "one", "a"), {})
    experiment = registry.client.get_experiment_by_name("nli-dev").experiment_id
    registry.client.delete_experiment(experiment)
    with pytest.raises(RegistryError, match="Experiment nli-dev was deleted.*restore"):
        registry.register(sealed_folder(tmp_path / "two", "b"), {})


def test_a_version_somebody_else_made_is_no_champion(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    registry.register(sealed_folder(tmp_path / "one"), {})
    registry.client.create_model_version(registry.name, source=str(tmp_path / "one"))
    registry.client.set_registered_model_alias(registry.name, "champion", "2")
    with pytest.raises(RegistryError, match="version 2 has no digest tag"):
        registry.alias("champion")


def test_a_version_that_is_not_ready_is_never_found(mlflow_registry, tmp_path, monkeypatch):
    """Unity Catalog keeps a version whose upload died, as PENDING."""
    registry = mlflow_registry()
    bundle = sealed_folder(tmp_path / "one")
    registry.register(bundle, {})
    pending = SimpleNamespace(version="1", status="PENDING_REGISTRATION", tags={})
    pending.tags["digest"] = bundle.digest
    monkeypatch.setattr(registry, "_versions", lambda: iter([pending]))
    with pytest.raises(RegistryError, match="did not make a READY version"):
        registry.register(bundle, {})


def test_tags_are_read_again_where_the_search_leaves_them_out(
    mlflow_registry, tmp_path, monkeypatch
):
    """Unity Catalog's search results carry bound methods in place of tags."""
    registry = mlflow_registry()
    ref = registry.register(sealed_folder(tmp_path / "one"), {})
    bare = SimpleNamespace(version=1, status="READY", tags=lambda: {})
    monkeypatch.setattr(registry, "_versions", lambda: iter([bare]))
    assert registry.register(sealed_folder(tmp_path / "same"), {}) == ref


def test_bytes_lie_in_the_environments_own_location_and_survive_their_origin(
    mlflow_registry, tmp_path
):
    dev = mlflow_registry("dev")
    origin = dev.register(sealed_folder(tmp_path / "one"), {})
    staging = mlflow_registry("staging", upstream=dev)
    copy = staging.register(dev.fetch(origin), {"upstream_digest": origin.digest})

    dev.client.delete_registered_model(dev.name)
    shutil.rmtree(tmp_path / "artifacts" / "dev")
    shutil.rmtree(tmp_path / "downloads")
    assert staging.fetch(copy).digest == origin.digest
    assert stored_folder(tmp_path, "staging").is_dir()


def test_a_registered_version_loads_as_a_pyfunc_by_its_number(mlflow_registry, store, tmp_path):
    import pandas

    registry = mlflow_registry()
    ref = registry.register(answering_bundle(tmp_path / "model"), {})
    mlflow.set_tracking_uri(store)
    model = mlflow.pyfunc.load_model(f"models:/{ref.name}/{ref.version}")
    pairs = pandas.DataFrame({"premise": ["a"], "hypothesis": ["neutral it is"]})
    assert model.predict(pairs)["label"].tolist() == ["neutral"]
    assert registry.fetch(ref).digest == ref.digest


def test_a_legacy_stage_follows_the_champion_where_asked(store, tmp_path, recwarn):
    registry = MlflowRegistry(
        "prod.nli.classifier",
        environment="prod",
        experiment="nli-prod",
        artifact_root=str(tmp_path / "artifacts"),
        downloads=tmp_path / "downloads",
        tracking_uri=store,
        stage="Production",
    )
    for weights in ("one", "two"):
        crown(registry, submit(registry, tmp_path / "made", weights))
    stages = [registry.client.get_model_version(registry.name, n).current_stage for n in "12"]
    assert stages == ["Archived", "Production"]
    assert not [warning for warning in recwarn if "stage" in str(warning.message)]


def test_two_that_set_a_tag_at_once_both_succeed(mlflow_registry, tmp_path, monkeypatch):
    """SQLite refuses the slower of two first writes of a tag."""
    registry = mlflow_registry()
    ref = registry.register(sealed_folder(tmp_path / "one"), {})
    set_tag, calls = registry.client.set_model_version_tag, []

    def refused_once(*values):
        calls.append(values)
        if len(calls) == 1:
            raise MlflowException("UNIQUE constraint failed: model_version_tags.key")
        set_tag(*values)

    monkeypatch.setattr(registry.client, "set_model_version_tag", refused_once)
    registry.tag(ref, {"note": "x"})
    assert registry.tags(ref)["note"] == "x" and len(calls) == 2


def test_a_second_version_of_the_same_bytes_is_deleted(mlflow_registry, tmp_path):
    """A request that was sent twice, because its answer was lost."""
    registry = mlflow_registry()
    bundle = sealed_folder(tmp_path / "one")
    create = registry.client.create_model_version

    class Doubling:
        def __getattr__(self, name):
            return getattr(client, name)

        def create_model_version(self, *args, **kwargs):
            create(*args, **kwargs)
            return create(*args, **kwargs)

    client = registry.client
    registry.client = Doubling()
    assert registry.register(bundle, {}).version == "1"
    assert versions_of(registry, bundle.digest) == ["1"]
