"""Rollback and freeze: one entry each, integrity always, and nothing comes back by itself."""

import pytest
from life import ASKING, judge, kinds, promote, submit

from nli_lifecycle.lifecycle.approval import approve, reject
from nli_lifecycle.lifecycle.ledger.entry import LedgerError
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.moves import MoveError, freeze, rollback, unfreeze
from nli_lifecycle.lifecycle.registry import RegistryError

pytest_plugins = ["ready_registries"]


@pytest.fixture
def registry(make_registry, tmp_path):
    """Three released champions."""
    registry = make_registry()
    for weights in ("one", "two", "three"):
        submit(registry, tmp_path, weights)
        promote(registry)
    return registry


def in_use(registry):
    return tuple(registry.aliases()[alias] for alias in ("champion", "previous"))


def test_rollbacks_walk_back_through_the_good_ones(registry):
    target, entry = rollback(registry, "too slow")
    assert (target.version, entry.kind, entry.epoch, entry.reason) == (
        "2",
        "rollback",
        4,
        "too slow",
    )
    assert in_use(registry) == ("2", "3")
    assert rollback(registry, "worse still")[0].version == "1"
    with pytest.raises(MoveError, match="no earlier good champion. Name one"):
        rollback(registry, "once more")
    assert rollback(registry, "it was the network", to="3")[0].version == "3"
    assert in_use(registry) == ("3", "1")


def test_a_rollback_may_name_the_digest(registry):
    first = next(iter(registry.versions()))
    assert rollback(registry, "why", to=first.digest[:8])[0] == first


@pytest.mark.parametrize(
    "reason, to, why",
    [
        ("", None, "Say why: a rollback asks for --reason"),
        ("why", "3", "champion is version 3 .* already"),
        ("why", "9", "'9' is no champion of dev.*version 1 .*version 2"),
        ("why", "abc", "'abc' is no champion"),
    ],
)
def test_a_rollback_that_makes_no_sense_is_refused(registry, reason, to, why):
    with pytest.raises(MoveError, match=why):
        rollback(registry, reason, to)
    assert in_use(registry) == ("3", "2")


def test_one_cannot_roll_back_to_what_was_never_released(registry, tmp_path):
    submit(registry, tmp_path, "four")
    with pytest.raises(MoveError, match="'4' is no champion"):
        rollback(registry, "why", to="4")


def test_without_a_champion_there_is_nothing_to_roll_back(make_registry):
    with pytest.raises(MoveError, match="dev has no champion to roll back from"):
        rollback(make_registry(), "why")


def test_a_dry_run_changes_nothing(registry):
    before = registry.ledger.lines(), registry.versions(), registry.aliases()
    target, entry = rollback(registry, "why", dry_run=True)
    assert (target.version, entry) == ("2", None)
    assert freeze(registry, "why", dry_run=True) is None
    assert (registry.ledger.lines(), registry.versions(), registry.aliases()) == before


def test_a_dry_run_repairs_nothing_either(registry, make_registry):
    registry.point("champion", next(iter(registry.versions())))
    before = registry.ledger.lines(), registry.versions(), registry.aliases()
    rollback(registry, "why", dry_run=True)
    assert (registry.ledger.lines(), registry.versions(), registry.aliases()) == before
    empty = make_registry("prod")
    with pytest.raises(LedgerError, match="no ledger yet"):
        freeze(empty, "why", dry_run=True)
    assert empty.ledger.lines() is None


def test_integrity_is_never_skipped(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    for weights in ("one", "two"):
        submit(registry, tmp_path, weights)
        promote(registry)
    stored = [path for path in (tmp_path / "artifacts").rglob("model.onnx")]
    (first,) = (path for path in stored if path.read_text() == "one")
    first.write_text("tampered")
    with pytest.raises(RegistryError, match=r"version 1 .* is damaged .*model\.onnx"):
        rollback(registry, "why")
    assert in_use(registry) == ("2", "1") and kinds(registry)[-1] == "promote"


def test_what_was_rolled_back_from_does_not_come_back_by_itself(registry, tmp_path):
    rollback(registry, "too slow")
    submit(registry, tmp_path, "three")  # the next run finds the same bytes upstream
    decision = judge(registry)
    assert decision.outcome == "hold"
    assert "rolled back from by somebody" in decision.reasons()[0]
    promote(registry)
    approve(registry, "3", "the network was slow")
    assert promote(registry).champion.version == "3"


def test_approvals_from_before_a_rollback_are_void(make_registry, tmp_path):
    registry = make_registry()
    for weights in ("one", "two"):
        submit(registry, tmp_path, weights)
        promote(registry, ASKING)
        approve(registry, None, "ok")
        promote(registry, ASKING)
    rollback(registry, "bad")
    submit(registry, tmp_path, "two")
    assert judge(registry, ASKING).standing.approvals == ()
    assert [vote.kind for vote in read(registry.ledger).votes] == ["approve", "approve", "void"]


def test_one_cannot_roll_back_to_what_a_person_rejected(registry):
    rollback(registry, "bad")
    reject(registry, "3", "leaks names")
    with pytest.raises(MoveError, match="rejected by somebody .*leaks names. That is final"):
        rollback(registry, "forward", to="3")


def test_a_freeze_holds_releases_and_not_rollbacks(registry, tmp_path):
    assert freeze(registry, "black friday").kind == "freeze"
    with pytest.raises(MoveError, match="frozen already, by somebody: black friday"):
        freeze(registry, "again")
    submit(registry, tmp_path, "four")
    assert promote(registry).outcome == "hold"
    rollback(registry, "and yet")
    assert in_use(registry) == ("2", "3")
    assert promote(registry).outcome == "hold"
    unfreeze(registry, "over")
    with pytest.raises(MoveError, match="dev is not frozen"):
        unfreeze(registry, "twice")
    assert promote(registry).champion.version == "4"


def test_a_freeze_asks_why(registry):
    with pytest.raises(MoveError, match="a freeze asks for --reason"):
        freeze(registry, "  ")
