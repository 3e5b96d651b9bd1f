"""Aliases follow the ledger; what people move by hand is noticed; nothing begins twice."""

import logging

import pytest
from life import crown, judge, kinds, promote, submit
from ready_evidence import POLICY

from nli_lifecycle.lifecycle.ledger.entry import Held, LedgerError, LedgerGone
from nli_lifecycle.lifecycle.ledger.protocol import append, bootstrap, read
from nli_lifecycle.lifecycle.moves import freeze
from nli_lifecycle.lifecycle.projection import project
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.registry import RegistryError

pytest_plugins = ["ready_registries"]


@pytest.fixture
def registry(make_registry, tmp_path):
    """Two released champions, one and two."""
    registry = make_registry()
    for weights in ("one", "two"):
        submit(registry, tmp_path, weights)
        promote(registry)
    return registry


def in_use(registry):
    return tuple(registry.aliases()[alias] for alias in ("champion", "previous"))


def test_nothing_begins_while_there_is_a_champion(make_registry, tmp_path):
    registry = make_registry()
    registry.point("champion", submit(registry, tmp_path, "one"))
    with pytest.raises(LedgerGone, match="released before, but its ledger is not there.*--adopt"):
        settle(registry)
    assert read(registry.ledger) is None


def test_nothing_begins_while_versions_carry_ledger_lines(make_registry, tmp_path):
    registry = make_registry()
    registry.tag(submit(registry, tmp_path, "one"), {"ledger_entry_000000": "{}"})
    with pytest.raises(LedgerGone, match="its ledger is not there"):
        settle(registry)


def test_a_ledger_whose_first_entry_was_never_written_begins_again(make_registry):
    registry = make_registry()
    registry.ledger.create()
    assert settle(registry).history.epoch == 0
    assert kinds(registry) == ["bootstrap"]


def test_settling_what_is_in_order_writes_nothing(registry):
    before = registry.versions(), registry.aliases(), registry.ledger.lines()
    settle(registry)
    assert (registry.versions(), registry.aliases(), registry.ledger.lines()) == before
    assert in_use(registry) == ("2", "1")


def test_an_entry_whose_promoter_died_is_projected_without_another_entry(registry, tmp_path):
    third = submit(registry, tmp_path, "three")
    seen = read(registry.ledger).history
    append(registry.ledger, seen, "promote", champion=Held.of(third), actor="the deceased")
    assert in_use(registry) == ("2", "1")
    settle(registry)
    assert in_use(registry) == ("3", "2")
    assert kinds(registry) == ["bootstrap", "promote", "promote", "promote"]


def test_an_alias_set_late_by_a_promoter_that_died_is_no_manual_move(registry, caplog):
    first = next(ref for ref in registry.versions() if ref.version == "1")
    registry.tag(first, {"projection": "pending"})
    registry.point("champion", first)
    settle(registry, "adopt")
    assert in_use(registry) == ("2", "1")
    assert kinds(registry) == ["bootstrap", "promote", "promote"]
    assert "by hand" not in caplog.text


def test_an_alias_moved_by_hand_is_set_back_with_an_entry(registry, caplog):
    registry.point("champion", next(iter(registry.versions())))
    with caplog.at_level(logging.WARNING):
        settle(registry)
    assert in_use(registry) == ("2", "1")
    entry = read(registry.ledger).history.head
    assert (entry.kind, entry.reason) == (
        "restore",
        "alias champion pointed at version 1, moved by hand",
    )
    assert "set back to version 2" in caplog.text


def test_an_alias_deleted_by_hand_is_set_again_with_an_entry(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    submit(registry, tmp_path, "one")
    promote(registry)
    registry.client.delete_registered_model_alias(registry.name, "champion")
    settle(registry)
    assert registry.aliases()["champion"] == "1"
    assert read(registry.ledger).history.head.reason == "alias champion was gone, moved by hand"


def test_by_policy_a_manual_move_is_adopted_as_a_release(registry, tmp_path):
    third = submit(registry, tmp_path, "three")
    registry.point("champion", third)
    settle(registry, "adopt")
    history = read(registry.ledger).history
    assert (history.head.kind, history.champion) == ("adopt", Held.of(third))
    assert in_use(registry) == ("3", "2")


def test_bytes_that_fail_their_probes_are_not_adopted(registry, tmp_path):
    registry.point("champion", submit(registry, tmp_path, "wrong"))
    settle(registry, "adopt")
    entry = read(registry.ledger).history.head
    assert entry.kind == "restore" and "not fit for use" in entry.reason
    assert in_use(registry) == ("2", "1")


def test_while_frozen_a_manual_move_is_never_adopted(registry, tmp_path):
    freeze(registry, "incident")
    registry.point("champion", submit(registry, tmp_path, "three"))
    settle(registry, "adopt")
    assert kinds(registry)[-1] == "restore" and in_use(registry) == ("2", "1")


def test_a_manual_move_before_any_release_is_refused_or_adopted(make_registry, tmp_path):
    registry = make_registry()
    settle(registry)
    first = submit(registry, tmp_path, "one")
    registry.point("champion", first)
    with pytest.raises(LedgerError, match="nothing was ever released. Remove the alias, or adopt"):
        settle(registry)
    assert settle(registry, "adopt").history.champion == Held.of(first)


def test_the_next_promotion_finds_the_champion_set_back(registry, tmp_path):
    registry.point("champion", next(iter(registry.versions())))
    third = submit(registry, tmp_path, "three")
    assert judge(registry).champion.version == "2"
    assert promote(registry).champion == third
    assert kinds(registry)[-2:] == ["restore", "promote"]


def test_a_head_that_differs_from_its_mirror_is_refused(registry):
    champion = registry.alias("champion")
    forged = registry.tags(champion)["ledger_entry_000002"].replace("by policy", "by decree")
    registry.tag(champion, {"ledger_entry_000002": forged})
    with pytest.raises(LedgerGone, match="Entry 2 .* differs from its mirror.*version 2"):
        settle(registry)


def test_a_deleted_champion_is_named(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    champion = submit(registry, tmp_path, "one")
    promote(registry)
    registry.delete(champion)
    with pytest.raises(RegistryError, match="version 1 .* deleted. Bring it back: .*reconcile"):
        settle(registry)


def test_projection_repeats_until_the_head_stands_still(registry, tmp_path, monkeypatch):
    """While aliases are moved to version 3, another process releases version 4."""
    third, fourth = (submit(registry, tmp_path, weights) for weights in ("three", "four"))
    point = registry.point

    def and_meanwhile(alias, ref):
        point(alias, ref)
        monkeypatch.setattr(registry, "point", point)
        crown(registry, fourth)
        point(alias, ref)  # our own write comes late

    seen = read(registry.ledger).history
    append(registry.ledger, seen, "promote", champion=Held.of(third), actor="us")
    monkeypatch.setattr(registry, "point", and_meanwhile)
    assert project(registry).history.champion == Held.of(fourth)
    assert in_use(registry) == ("4", "3")


def test_the_bootstrap_entry_is_mirrored_on_the_first_champion(registry):
    tags = {ref.version: set(tags) for ref, tags in registry.versions().items()}
    assert {"ledger_entry_000000", "ledger_entry_000001", "ledger_entry_000002"} <= tags["1"]
    assert "ledger_entry_000002" in tags["2"] and "ledger_entry_000000" not in tags["2"]


def test_a_version_full_of_tags_passes_its_lines_on(registry, tmp_path):
    submit(registry, tmp_path, "three")
    champion = registry.alias("champion")
    registry.tag(champion, {f"note_{number}": "x" for number in range(40)})
    freeze(registry, "incident")
    tags = {ref.version: tags for ref, tags in registry.versions().items()}
    assert "ledger_entry_000003" in tags["3"] and "ledger_entry_000003" not in tags["2"]


def test_two_that_begin_at_once_begin_one_ledger(make_registry):
    registry = make_registry()
    bootstrap(registry.ledger, "ann")
    bootstrap(registry.ledger, "bob")
    assert kinds(registry) == ["bootstrap"]
    assert POLICY.manual_moves == "restore"
