"""One contract for every ledger: in memory and in MLflow on SQLite, a server and PostgreSQL."""

from __future__ import annotations

import json
import threading

import pytest

from nli_lifecycle.lifecycle.ledger.entry import Held, LedgerError, LedgerGone
from nli_lifecycle.lifecycle.ledger.memory import InMemoryLedger
from nli_lifecycle.lifecycle.ledger.protocol import append, bootstrap, cast, read
from nli_lifecycle.lifecycle.registry.mlflow_ledger import MlflowLedger

pytest_plugins = ["ready_registries", "servers"]

NAME = "contract.nli.classifier"  # no other test on a shared server uses it
ONE, TWO = (Held(version=version, digest=version * 64) for version in "12")


def contract(ledger) -> None:
    """What any ledger must do; also the check to run on a new platform, such as Databricks."""
    assert ledger.lines() is None and read(ledger) is None
    with pytest.raises(LedgerError, match="no ledger yet"):
        cast(ledger, kind="reject", version="1", digest="1" * 64, actor="ann")

    bootstrap(ledger, "ann")
    bootstrap(ledger, "bob")  # too late: nothing changes
    begun = read(ledger).history
    assert [(entry.kind, entry.actor) for entry in begun.entries] == [("bootstrap", "ann")]

    first = append(ledger, begun, "promote", champion=ONE, actor="ann", decision="d" * 64)
    assert first.epoch == 1 and first.previous_hash == begun.head.line_hash()
    assert append(ledger, begun, "promote", champion=TWO, actor="bob") is None
    seen = read(ledger).history
    assert seen.champion == ONE and seen.head == first

    vote = {"version": "1", "digest": "1" * 64, "actor": "ann"}
    cast(ledger, kind="approve", policy_hash="p", evidence_hash="e", reason="läuft", **vote)
    cast(ledger, kind="void", **vote)
    votes = read(ledger).votes
    assert [(vote.number, vote.kind) for vote in votes] == [(0, "approve"), (1, "void")]
    assert votes[1].previous_hash == votes[0].line_hash() and votes[0].reason == "läuft"

    for epoch in range(2, 14):  # further than any one run of six lines
        seen = read(ledger).history
        kind = "freeze" if epoch % 2 else "unfreeze"
        assert append(ledger, seen, kind, champion=seen.champion, actor="ann").epoch == epoch
    assert read(ledger).history.epoch == 13

    assert ledger.put("entry_000003", "{}") == ledger.lines()["entry_000003"] != "{}"


def race(make_ledger, racers: int, rounds: int) -> None:
    """Threads that all want the next epoch: every epoch has one winner, every other one is told."""
    bootstrap(make_ledger(), "ann")
    won: list[tuple[int, str]] = []

    def compete(actor: str) -> None:
        ledger = make_ledger()
        for _ in range(rounds):
            seen = read(ledger).history
            if entry := append(ledger, seen, "promote", champion=ONE, actor=actor):
                won.append((entry.epoch, actor))

    threads = [threading.Thread(target=compete, args=(f"racer {n}",)) for n in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = read(make_ledger()).history.entries
    assert sorted(won) == [(entry.epoch, entry.actor) for entry in entries[1:]]
    assert len(won) >= rounds


@pytest.fixture
def mlflow_ledger(store):
    from mlflow import MlflowClient

    return lambda: MlflowLedger(NAME, MlflowClient(store, store), most_lines=6)


def test_the_contract_in_memory():
    contract(InMemoryLedger(NAME))


def test_the_contract_on_sqlite(mlflow_ledger):
    contract(mlflow_ledger())


@pytest.mark.slow
def test_the_contract_on_a_server_with_workers(server):
    from mlflow import MlflowClient

    contract(MlflowLedger(NAME, MlflowClient(server, server), most_lines=6))


@pytest.mark.slow
def test_the_contract_on_postgresql(postgresql):
    from mlflow import MlflowClient

    contract(MlflowLedger(NAME, MlflowClient(postgresql, postgresql), most_lines=6))


def test_races_in_memory():
    ledger = InMemoryLedger(NAME)
    race(lambda: ledger, racers=8, rounds=30)


def test_races_on_sqlite(mlflow_ledger):
    race(mlflow_ledger, racers=4, rounds=5)


class Flaky:
    """A client whose answer to log_param is lost, after or instead of the write."""

    def __init__(self, client, writes: bool) -> None:
        self._client, self._writes = client, writes

    def __getattr__(self, name):
        return getattr(self._client, name)

    def log_param(self, run_id, key, value):
        if self._writes:
            self._client.log_param(run_id, key, value)
        raise TimeoutError("no answer")


def test_a_lost_answer_is_no_lost_entry(mlflow_ledger):
    ledger = mlflow_ledger()
    bootstrap(ledger, "ann")
    seen = read(ledger).history
    ledger.client = Flaky(client := ledger.client, writes=True)
    assert append(ledger, seen, "promote", champion=ONE, actor="ann").epoch == 1
    ledger.client = client
    assert read(ledger).history.champion == ONE


def test_a_write_that_never_arrived_says_so(mlflow_ledger):
    ledger = mlflow_ledger()
    bootstrap(ledger, "ann")
    seen = read(ledger).history
    ledger.client = Flaky(ledger.client, writes=False)
    with pytest.raises(LedgerError, match="no answer. Nothing was committed"):
        append(ledger, seen, "promote", champion=ONE, actor="ann")
    assert read(ledger).history.epoch == 0


@pytest.mark.parametrize("what", ["run", "experiment", "tag"])
def test_a_deleted_ledger_is_told_from_one_that_never_was(mlflow_ledger, what):
    ledger = mlflow_ledger()
    bootstrap(ledger, "ann")
    experiment = ledger.client.get_experiment_by_name(ledger.experiment)
    if what == "run":
        ledger.client.delete_run(experiment.tags["ledger_run_id"])
    elif what == "experiment":
        ledger.client.delete_experiment(experiment.experiment_id)
    else:
        ledger.client.set_experiment_tag(experiment.experiment_id, "ledger_run_id", "f" * 32)
    with pytest.raises(LedgerGone, match="reconcile --rebuild"):
        read(ledger)
    with pytest.raises(LedgerGone):
        bootstrap(ledger, "bob")


def test_an_altered_entry_is_named(mlflow_ledger, store):
    import sqlite3

    ledger = mlflow_ledger()
    bootstrap(ledger, "ann")
    append(ledger, read(ledger).history, "promote", champion=ONE, actor="ann")
    append(ledger, read(ledger).history, "promote", champion=TWO, actor="ann")
    with sqlite3.connect(store.removeprefix("sqlite:///")) as base:
        text = ledger.lines()["entry_000001"]
        forged = json.dumps({**json.loads(text), "a": "bob"}, sort_keys=True, separators=(",", ":"))
        base.execute("update params set value = ? where key = 'entry_000001'", (forged,))
    with pytest.raises(LedgerGone, match="Entry 2 .* does not follow on the entry before it"):
        read(ledger)
