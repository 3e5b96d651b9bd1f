"""MLflow's own garbage collector, after somebody deleted what they thought nobody needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from life import ASKING, promote, submit

from nli_lifecycle.lifecycle.approval import approve
from nli_lifecycle.lifecycle.audit import verify
from nli_lifecycle.lifecycle.ledger.entry import LedgerGone
from nli_lifecycle.lifecycle.moves import rollback
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.reconcile import rebuild, reconcile
from nli_lifecycle.pipelines.intake.nodes import take_in

pytest_plugins = ["ready_registries"]
pytestmark = pytest.mark.slow


def collect(store: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mlflow")), "gc", "--backend-store-uri", store],
        env={**os.environ, "MLFLOW_TRACKING_URI": store},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def chain(mlflow_registry, tmp_path):
    """Dev, staging and prod with two champions each."""
    dev = mlflow_registry("dev")
    staging = mlflow_registry("staging", dev)
    prod = mlflow_registry("prod", staging)
    for weights in ("one", "two"):
        submit(dev, tmp_path, weights)
        promote(dev)
        take_in(staging)
        promote(staging)
        take_in(prod)
        promote(prod, ASKING)
        approve(prod, None, "ok")
        promote(prod, ASKING)
    return dev, staging, prod


def test_prod_survives_the_deletion_of_dev_and_staging(chain, store):
    *upstream, prod = chain
    for registry in upstream:
        registry.client.delete_registered_model(registry.name)
        for name in (registry.experiment, registry.ledger.experiment):
            experiment = registry.client.get_experiment_by_name(name)
            registry.client.delete_experiment(experiment.experiment_id)
    collect(store)
    list(verify(prod))
    assert rollback(prod, "bad")[0].version == "1"


def test_a_ledger_that_was_collected_comes_back(chain, store):
    prod = chain[-1]
    before = prod.ledger.lines()
    experiment = prod.client.get_experiment_by_name(prod.ledger.experiment)
    prod.client.delete_run(experiment.tags["ledger_run_id"])
    prod.client.delete_experiment(experiment.experiment_id)
    collect(store)
    with pytest.raises(LedgerGone):
        settle(prod)
    rebuild(prod)
    assert prod.ledger.lines() == before
    list(verify(prod))


def test_versions_deleted_by_hand_come_back_even_after_a_collection(chain, store):
    """A version is a pointer; its bytes are a logged model of this environment's own."""
    prod = chain[-1]
    before = {ref.digest for ref in prod.versions()}
    for ref in prod.versions():
        prod.delete(ref)
    collect(store)
    said = reconcile(prod)
    assert {ref.digest for ref in prod.versions()} == before and len(said) == 2
    list(verify(prod))
    assert rollback(prod, "bad")[0].digest in before
