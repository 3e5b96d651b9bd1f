"""The whole life in a registry that refuses what Unity Catalog refuses, in three workspaces."""

import shutil

import mlflow
import pytest
from life import ASKING, kinds, promote, submit
from sealed_folder import sealed_folder
from unity import STAGES, open_workspace

from nli_lifecycle.lifecycle.approval import approve, reject
from nli_lifecycle.lifecycle.audit import verify
from nli_lifecycle.lifecycle.moves import freeze, rollback, unfreeze
from nli_lifecycle.lifecycle.overview import status
from nli_lifecycle.lifecycle.reconcile import reconcile
from nli_lifecycle.lifecycle.registry import RegistryError
from nli_lifecycle.nli.bundle import open_bundle
from nli_lifecycle.pipelines.intake.nodes import take_in

pytest_plugins = ["ready_registries"]


@pytest.fixture
def workspaces(tmp_path, empty_store, monkeypatch):
    """Dev, staging and prod; each sees its upstream through the metastore alone."""
    for name in ("dev", "staging", "prod", "metastore"):
        shutil.copy(empty_store, tmp_path / f"{name}.db")
    dev, staging, prod = (open_workspace(tmp_path, name) for name in ("dev", "staging", "prod"))
    monkeypatch.setattr(
        mlflow.artifacts,
        "download_artifacts",
        lambda artifact_uri, dst_path, **_: dev.client.download(artifact_uri, dst_path),
    )
    return dev, staging, prod


def carry(workspaces, folder, weights):
    """A model from training to a held candidate in prod."""
    dev, staging, prod = workspaces
    submit(dev, folder / "made", weights, author="ann", data_version="d1")
    promote(dev)
    take_in(staging)
    promote(staging)
    candidate = take_in(prod)
    promote(prod, ASKING)
    return candidate


def test_the_whole_life(workspaces, tmp_path):
    dev, staging, prod = workspaces
    first = carry(workspaces, tmp_path, "one")
    assert status(prod)["held"]["version"] == "1"
    approve(prod, "1", "good enough")
    assert promote(prod, ASKING).champion == first
    second = carry(workspaces, tmp_path, "two")
    approve(prod, "2", "better")
    assert promote(prod, ASKING).champion == second
    assert promote(prod, ASKING).outcome == "unchanged"

    freeze(prod, "incident")
    assert rollback(prod, "too slow")[0] == first
    unfreeze(prod, "over")
    third = carry(workspaces, tmp_path, "three")
    reject(prod, third.version, "leaks names")
    assert promote(prod, ASKING).outcome == "reject"

    assert kinds(prod) == ["bootstrap", "promote", "promote", "freeze", "rollback", "unfreeze"]
    assert prod.aliases() == {"champion": "1", "previous": "2", "candidate": "3"}
    tags = prod.tags(first)
    assert tags["lineage"].startswith("dev.nli.classifier version 1 (promotion ")
    assert "→ staging.nli.classifier version 1" in tags["lineage"]
    assert (tags["author"], tags["data_version"]) == ("ann", "d1")
    for registry in workspaces:
        list(verify(registry))
        assert reconcile(registry) == []
        assert not {*STAGES} & registry.client.called


def test_prod_does_not_need_devs_or_stagings_models(workspaces, tmp_path):
    dev, staging, prod = workspaces
    carry(workspaces, tmp_path, "one")
    approve(prod, None, "ok")
    promote(prod, ASKING)
    for registry in (dev, staging):
        registry.client.delete_registered_model(registry.name)
        shutil.rmtree(tmp_path / "catalog" / registry.name)
        shutil.rmtree(tmp_path / registry.environment)
    list(verify(prod))
    with pytest.raises(RegistryError, match="staging.nli.classifier has no champion to take in"):
        take_in(prod)


def test_a_model_without_a_signature_is_refused_and_says_so(workspaces, tmp_path):
    dev, *_ = workspaces
    folder = sealed_folder(tmp_path / "plain", "plain").path
    mlmodel = folder / "MLmodel"
    (folder / "manifest.json").unlink()
    mlmodel.write_text(mlmodel.read_text().replace("signature:", "unsigned:"))
    from nli_lifecycle.nli.bundle import seal

    with pytest.raises(RegistryError, match="signature with inputs and outputs is mandatory"):
        dev.register(open_bundle(seal(folder).path), {})
    assert dev.aliases() == {}
