"""What alerts' actions do to the release ledger: once, and never to another champion."""

from __future__ import annotations

import logging

import pytest
from alarmed import alarm, answer, outcomes, state
from life import kinds, promote, submit

from nli_lifecycle.lifecycle.audit import verify
from nli_lifecycle.lifecycle.ledger.entry import LONGEST_REASON, Held, LedgerGone
from nli_lifecycle.lifecycle.ledger.protocol import append, read
from nli_lifecycle.lifecycle.moves import MoveError, freeze, rollback, unfreeze
from nli_lifecycle.lifecycle.versions import RegistryError
from nli_lifecycle.monitoring.alerting.actions import PlannedAction
from nli_lifecycle.pipelines.monitoring.effects import LedgerEffects, ledger_reason

pytest_plugins = ["ready_registries"]

BEFORE = ["bootstrap", "promote", "promote"]


class Crash(BaseException):
    """Stands for the death of the process."""


class Ledger:
    """The registry's ledger; what happens around the next writing of an entry is given."""

    def __init__(self, ledger, before=None, after=None):
        self._ledger, self._before, self._after = ledger, before, after

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def put(self, key, text):
        before, after = self._before, self._after
        if key.startswith("entry"):
            self._before = self._after = None
        if before:
            before()
        kept = self._ledger.put(key, text)
        if after:
            after()
        return kept


def two_releases(registry, folder):
    for weights in ("one", "two"):
        submit(registry, folder, weights)
        promote(registry)
    return registry


@pytest.fixture
def registry(memory_registry, tmp_path):
    return two_releases(memory_registry("prod"), tmp_path)


@pytest.fixture
def log(registry, tmp_path):
    """An alert about the champion fires."""
    path = tmp_path / "alerts.jsonl"
    alarm(path, champion(registry).digest)
    return path


def champion(registry):
    return read(registry.ledger).history.champion


def head(registry):
    return read(registry.ledger).history.head


def planned(action: str, digest: str, name: str = "x") -> PlannedAction:
    name = f"{action}-{name}-1-1"
    return PlannedAction(
        id=name,
        action=action,
        model="prod.nli.classifier",
        version="2",
        digest=digest,
        alerts=(name,),
        reason=f"why [action {name}]",
        dry_run=False,
    )


def test_freeze_and_rollback_are_entries_that_name_the_action(make_registry, tmp_path):
    registry = two_releases(make_registry("prod"), tmp_path)
    path = tmp_path / "alerts.jsonl"
    digest = champion(registry).digest
    alarm(path, digest)
    answer(path, LedgerEffects(registry), "freeze", "rollback")
    assert kinds(registry) == [*BEFORE, "freeze", "rollback"]
    name = f"accuracy_fell-{digest[:12]}-1"
    frozen, back = read(registry.ledger).history.entries[-2:]
    assert frozen.reason.endswith(f"[action freeze-{name}-1]")
    assert back.reason.startswith(f"Monitoring: {name} (firing verdicts in a row: 1): Accuracy is")
    assert back.reason.endswith(f" of the release. [action rollback-{name}-1]")
    assert (frozen.actor, back.actor) == ("somebody", "somebody")
    assert registry.aliases()["champion"] == "1"
    assert outcomes(path) == [("freeze", "done"), ("rollback", "done")]
    list(verify(registry))


@pytest.mark.parametrize("words", [0, 1, 20, 300])
def test_the_action_s_id_survives_however_long_the_reason_is(words):
    longest = f"rollback-{'r' * 64}-{'d' * 12}-1000-dry-1000"
    said = ledger_reason(f"{'words ' * words}[action {longest}]", longest)
    assert said.endswith(f" [action {longest}]") and len(said) <= LONGEST_REASON
    assert said.startswith("Monitoring:") and said.count("[action") == 1


def test_a_rollback_of_another_champion_is_refused(registry):
    digest = champion(registry).digest
    rollback(registry, "a person was faster")
    with pytest.raises(MoveError, match=f"{digest[:12]} is not the champion of prod any more"):
        LedgerEffects(registry).rollback("why", planned("rollback", digest))
    assert kinds(registry) == [*BEFORE, "rollback"]


def test_a_promotion_that_sneaks_in_is_not_rolled_back(make_registry, tmp_path, caplog):
    caplog.set_level(logging.CRITICAL)
    registry, log = two_releases(make_registry("prod"), tmp_path), tmp_path / "alerts.jsonl"
    alarm(log, champion(registry).digest)
    ledger, third = registry.ledger, submit(registry, tmp_path, "three")
    registry.ledger = Ledger(ledger, before=lambda: crown_beside(registry, ledger, third))
    answer(log, LedgerEffects(registry), "rollback")
    assert kinds(registry) == [*BEFORE, "promote"]
    assert champion(registry).digest == third.digest
    assert registry.aliases()["champion"] == third.version
    (action,) = state(log).actions.values()
    assert action.state == "failed" and "is not the champion of prod any more" in action.outcome


def crown_beside(registry, ledger, ref):
    seen = read(ledger).history
    assert append(ledger, seen, "promote", champion=Held.of(ref), actor="another process")


@pytest.mark.parametrize("action", ["freeze", "rollback"])
def test_whoever_is_overtaken_by_something_else_tries_again(registry, log, action):
    ledger = registry.ledger

    def freeze_beside():
        seen = read(ledger).history
        assert append(ledger, seen, "freeze", champion=seen.champion, actor="ann", reason="fair")

    registry.ledger = Ledger(ledger, before=freeze_beside)
    answer(log, LedgerEffects(registry), action)
    assert kinds(registry) == [*BEFORE, "freeze", action]
    assert outcomes(log) == [(action, "done")]


@pytest.mark.parametrize("action", ["freeze", "rollback"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_dies_around_the_commit_has_acted_once(registry, log, action, when):
    def crash():
        raise Crash

    ledger = registry.ledger
    registry.ledger = Ledger(ledger, **{when: crash})
    with pytest.raises(Crash):
        answer(log, LedgerEffects(registry), action)
    registry.ledger = ledger
    assert outcomes(log) == [(action, "planned")]
    for _ in range(2):
        answer(log, LedgerEffects(registry), action)
    assert kinds(registry) == [*BEFORE, action]
    assert registry.aliases()["champion"] == champion(registry).version
    done = [(action, "done")]
    assert outcomes(log) == (done if when == "after" else [(action, "failed"), *done])


def test_a_commit_whose_aliases_cannot_follow_yet_is_done(registry, log, monkeypatch, caplog):
    def fail(alias, ref):
        raise RegistryError("the registry is away")

    monkeypatch.setattr(registry, "point", fail)
    answer(log, LedgerEffects(registry), "rollback")
    (action,) = state(log).actions.values()
    assert action.state == "done" and "is committed, but the aliases" in action.outcome
    assert "aliases may lag behind: the registry is away" in caplog.text
    monkeypatch.undo()
    assert registry.aliases()["champion"] == "2"
    assert LedgerEffects(registry).happened(action.id)
    assert registry.aliases()["champion"] == "1"


def test_frozen_by_a_person_first_monitoring_says_that_it_asks_too(registry, log):
    freeze(registry, "fair")
    effects = LedgerEffects(registry)
    answer(log, effects, "freeze")
    assert kinds(registry) == [*BEFORE, "freeze", "freeze"]
    assert outcomes(log) == [("freeze", "done")]
    (action,) = state(log).actions
    assert effects.happened(action)
    assert read(registry.ledger).history.freeze.reason.startswith("Monitoring: ")
    unfreeze(registry, "the fair is over, and labels were wrong")
    assert effects.happened(action) and read(registry.ledger).history.freeze is None


def test_a_person_s_freeze_is_not_taken_for_the_action(registry, log):
    freeze(registry, "fair")
    assert not LedgerEffects(registry).happened("freeze-x-1-1")


def test_without_an_earlier_good_champion_the_rollback_fails_and_people_are_told(
    memory_registry, tmp_path, caplog
):
    caplog.set_level(logging.CRITICAL)
    registry, path = memory_registry("prod"), tmp_path / "alerts.jsonl"
    submit(registry, tmp_path, "one")
    promote(registry)
    alarm(path, champion(registry).digest)
    answer(path, LedgerEffects(registry), "freeze", "rollback")
    assert outcomes(path) == [("freeze", "done"), ("rollback", "failed")]
    failed = list(state(path).actions.values())[-1]
    assert failed.outcome.startswith("MoveError: prod has no earlier good champion")
    owed = [event.kind for event, channel in state(path).owed() if channel == "ops"]
    assert owed == ["opened", "done", "failed"]
    assert kinds(registry) == ["bootstrap", "promote", "freeze"]


def test_where_the_ledger_is_gone_nobody_knows_what_happened(registry):
    registry.ledger.replace({})
    assert not LedgerEffects(registry).happened("freeze-x-1-1")
    registry.ledger.replace({"entry_000001": "damaged"})
    with pytest.raises(LedgerGone):
        LedgerEffects(registry).happened("freeze-x-1-1")


def test_what_was_never_released_is_frozen_all_the_same(memory_registry):
    registry = memory_registry("prod")
    LedgerEffects(registry).freeze("why", planned("freeze", "d" * 64))
    assert kinds(registry) == ["bootstrap", "freeze"]


def test_without_anything_to_retrain_with_retraining_fails(registry, log, caplog):
    caplog.set_level(logging.CRITICAL)
    answer(log, LedgerEffects(registry), "retrain")
    (action,) = state(log).actions.values()
    assert (action.state, "set `retrain`" in action.outcome) == ("failed", True)
