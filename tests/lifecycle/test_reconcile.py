"""Repair: what was deleted or damaged by hand comes back, and nothing is made up."""

import shutil
import sqlite3

import pytest
from life import ASKING, kinds, promote, submit

from nli_lifecycle.lifecycle.approval import approve
from nli_lifecycle.lifecycle.ledger.entry import LedgerGone
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.moves import MoveError, rollback
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.reconcile import adopt, rebuild, reconcile
from nli_lifecycle.lifecycle.registry import RegistryError

pytest_plugins = ["ready_registries"]


def grow(registry, folder):
    """Two champions with approvals, a rollback: every kind of line."""
    for weights in ("one", "two"):
        submit(registry, folder, weights)
        promote(registry, ASKING)
        approve(registry, None, "ok")
        promote(registry, ASKING)
    rollback(registry, "too slow")
    return registry


@pytest.fixture
def registry(mlflow_registry, tmp_path):
    return grow(mlflow_registry(), tmp_path)


def collect_garbage(store):
    """What `mlflow gc` does to runs and experiments that were deleted."""
    with sqlite3.connect(store.removeprefix("sqlite:///")) as base:
        dead = "select run_uuid from runs where lifecycle_stage = 'deleted'"
        for table in ("params", "tags", "metrics", "latest_metrics"):
            base.execute(f"delete from {table} where run_uuid in ({dead})")
        base.execute("delete from runs where lifecycle_stage = 'deleted'")
        gone = "select experiment_id from experiments where lifecycle_stage = 'deleted'"
        base.execute(f"delete from experiment_tags where experiment_id in ({gone})")
        base.execute("delete from experiments where lifecycle_stage = 'deleted'")


def test_in_order_there_is_nothing_to_do(make_registry, tmp_path):
    registry = grow(make_registry(), tmp_path)
    before = registry.ledger.lines(), registry.versions()
    assert reconcile(registry) == []
    assert (registry.ledger.lines(), registry.versions()) == before
    with pytest.raises(MoveError, match="is whole: there is nothing to rebuild"):
        rebuild(registry)


@pytest.mark.parametrize("collected", [False, True], ids=["deleted", "collected"])
@pytest.mark.parametrize("what", ["run", "experiment", "home", "everything"])
def test_a_deleted_ledger_comes_back_line_by_line(registry, store, what, collected):
    before = registry.ledger.lines()
    client, ledger = registry.client, registry.ledger
    found = client.get_experiment_by_name(ledger.experiment)
    if what in ("run", "everything"):
        client.delete_run(found.tags["ledger_run_id"])
    if what in ("experiment", "everything"):
        client.delete_experiment(found.experiment_id)
    if what in ("home", "everything"):
        client.delete_experiment(client.get_experiment_by_name("ledger runs").experiment_id)
    if collected:
        collect_garbage(store)

    with pytest.raises(LedgerGone, match="reconcile --rebuild"):
        settle(registry)
    assert rebuild(registry) == ["Ledger restored from the versions' tags: 4 entries, 3 votes."]
    assert registry.ledger.lines() == before
    assert settle(registry).history.champion.version == "1"
    assert rollback(registry, "forward", to="2")[0].version == "2"


@pytest.mark.parametrize("key", ["entry_000001", "entry_000003", "vote_000001"])
def test_an_altered_line_is_restored(registry, store, key):
    before = registry.ledger.lines()
    with sqlite3.connect(store.removeprefix("sqlite:///")) as base:
        forged = before[key].replace("somebody", "anybody")
        base.execute("update params set value = ? where key = ?", (forged, key))
    with pytest.raises(LedgerGone):
        settle(registry)
    rebuild(registry)
    assert registry.ledger.lines() == before


def test_a_forged_last_vote_is_noticed(registry, store):
    """The chain cannot show that its end was altered; the mirror does."""
    before = registry.ledger.lines()
    with sqlite3.connect(store.removeprefix("sqlite:///")) as base:
        forged = before["vote_000002"].replace("somebody", "anybody")
        base.execute("update params set value = ? where key = 'vote_000002'", (forged,))
    rebuild(registry)
    assert registry.ledger.lines() == before


def test_a_mirror_with_a_gap_restores_nothing(registry):
    first = next(iter(registry.versions()))
    for ref in registry.versions():
        for tag in ("ledger_entry_000001",):
            if tag in registry.tags(ref):
                registry.client.delete_model_version_tag(registry.name, ref.version, tag)
    experiment = registry.client.get_experiment_by_name(registry.ledger.experiment)
    registry.client.delete_run(experiment.tags["ledger_run_id"])
    with pytest.raises(LedgerGone, match="lacks entry 1"):
        rebuild(registry)
    assert registry.aliases()["champion"] == first.version


def test_a_mirror_that_contradicts_itself_restores_nothing(registry):
    second = list(registry.versions())[1]
    registry.tag(second, {"ledger_entry_000002": "{}"})
    with pytest.raises(LedgerGone, match="ledger_entry_000002 .* differs from that of another"):
        rebuild(registry)


def test_missing_mirror_lines_are_written_again(registry):
    for ref in registry.versions():
        for tag in registry.tags(ref):
            if tag.startswith("ledger_") and tag != "ledger_entry_000003":
                registry.client.delete_model_version_tag(registry.name, ref.version, tag)
    assert reconcile(registry) == ["6 ledger lines were missing on the versions; written."]
    assert reconcile(registry) == []


def test_a_deleted_champion_comes_back_from_its_bytes(registry):
    champion = registry.alias("champion")
    tags = registry.tags(champion)
    registry.delete(champion)
    with pytest.raises(RegistryError, match="no version carries its bytes"):
        settle(registry)
    said = reconcile(registry)
    assert said[0].startswith(f"The version of {champion.digest[:12]} was gone; its bytes are dev")
    revived = registry.alias("champion")
    assert (revived.version, revived.digest) == ("3", champion.digest)
    assert registry.fetch(revived).digest == champion.digest
    assert {key for key in tags if key.startswith("ledger_")} <= registry.tags(revived).keys()
    assert registry.aliases()["previous"] == "2"


def test_a_champion_whose_bytes_are_gone_too_is_an_error_and_a_rollback_helps(
    mlflow_registry, tmp_path
):
    registry = mlflow_registry()
    for weights in ("one", "two"):
        submit(registry, tmp_path, weights)
        promote(registry)
    champion = registry.alias("champion")
    registry.delete(champion)
    for model in registry.client.search_logged_models(
        [registry.client.get_experiment_by_name("nli-dev").experiment_id]
    ):
        if model.tags["digest"] == champion.digest:
            shutil.rmtree(model.artifact_location)
            registry.client.delete_logged_model(model.model_id)
    with pytest.raises(RegistryError, match="roll back"):
        reconcile(registry)
    assert rollback(registry, "the champion is gone")[0].version == "1"
    assert registry.aliases()["champion"] == "1"
    assert reconcile(registry) == []


def test_an_alias_moved_by_hand_is_told(make_registry, tmp_path):
    registry = grow(make_registry(), tmp_path)
    registry.point("champion", list(registry.versions())[1])
    (said,) = reconcile(registry)
    assert said.startswith("Epoch 4: restore, because alias champion pointed at version 2")
    registry.point("previous", list(registry.versions())[0])
    assert reconcile(registry) == ["Aliases lagged behind the ledger; they follow it again."]


def test_a_champion_from_before_the_ledger_is_adopted_once(make_registry, tmp_path):
    registry = make_registry()
    with pytest.raises(MoveError, match="no alias champion to adopt"):
        adopt(registry, "")
    first = submit(registry, tmp_path, "one")
    registry.point("champion", first)
    assert adopt(registry, "") == [f"A ledger begins with {first} as champion."]
    assert kinds(registry) == ["bootstrap", "adopt"]
    assert read(registry.ledger).history.head.reason == "champion from before the ledger"
    with pytest.raises(MoveError, match="has a ledger, with a champion"):
        adopt(registry, "")


def test_what_can_be_restored_is_not_adopted(registry):
    experiment = registry.client.get_experiment_by_name(registry.ledger.experiment)
    registry.client.delete_experiment(experiment.experiment_id)
    with pytest.raises(MoveError, match="carry ledger lines: restore them"):
        adopt(registry, "")


def test_adoption_after_everything_was_lost(registry, store):
    """Ledger and mirror are gone; only the alias is left."""
    for ref in registry.versions():
        for tag in registry.tags(ref):
            if tag.startswith("ledger_"):
                registry.client.delete_model_version_tag(registry.name, ref.version, tag)
    experiment = registry.client.get_experiment_by_name(registry.ledger.experiment)
    registry.client.delete_experiment(experiment.experiment_id)
    with pytest.raises(LedgerGone, match="nothing to restore from.*--adopt"):
        rebuild(registry)
    adopt(registry, "nothing else is left")
    assert kinds(registry) == ["bootstrap", "adopt"]
    assert settle(registry).history.champion.version == "1"


def test_bytes_that_fail_their_probes_are_not_adopted(make_registry, tmp_path):
    registry = make_registry()
    registry.point("champion", submit(registry, tmp_path, "wrong"))
    with pytest.raises(ValueError, match="does not answer as it was sealed"):
        adopt(registry, "")
    assert read(registry.ledger) is None
