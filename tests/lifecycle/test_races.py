"""Six processes promote and roll back at once: one history, nothing lost, aliases at its head."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from project import PROJECT
from promoters import open_registry

from nli_lifecycle.lifecycle.audit import verify
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.settling import settle

pytest_plugins = ["ready_registries", "servers"]
pytestmark = pytest.mark.slow

RACERS = 6


def race(store: str, folder: Path, rounds: int) -> None:
    script = str(PROJECT / "tests" / "promoters.py")
    racers = [
        subprocess.Popen(
            [sys.executable, script, store, str(folder), f"racer{number}", str(rounds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(RACERS)
    ]
    said = [racer.communicate(timeout=900) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * RACERS, [err for _, err in said]
    answers = [json.loads(out.strip().splitlines()[-1]) for out, _ in said]

    registry = open_registry(store, folder, "checker")
    settle(registry)
    history = read(registry.ledger).history  # verifies: no fork, no gap, every hash
    entries = {entry.epoch: entry for entry in history.entries}
    won = [tuple(win) for answer in answers for win in answer["won"]]
    # No lost update: whoever was told that it won has its entry, and every entry its winner.
    assert len({epoch for epoch, *_ in won}) == len(won)
    for epoch, kind, actor in won:
        assert (entries[epoch].kind, entries[epoch].actor) == (kind, actor)
    chosen = {entry.epoch for entry in history.entries if entry.kind in ("promote", "rollback")}
    lost = [why for answer in answers for why in answer["lost"]]
    assert {epoch for epoch, *_ in won} == chosen, Counter(lost)
    assert not {"restore", "adopt"} & {entry.kind for entry in history.entries}
    assert len(chosen) >= rounds
    versions = list(registry.versions())
    assert len({ref.digest for ref in versions}) == len(versions)
    champion = registry.alias("champion")
    assert champion is not None and champion.digest == history.champion.digest
    list(verify(registry))
    assert lost, "nobody was ever refused: there was no race"
    print(f"{len(won)} won, {len(lost)} refused, epoch {history.epoch}")
    for why, number in Counter(re.sub(r"\d|[a-f0-9]{12}", "#", why[:60]) for why in lost).items():
        print(f"{number:5d} × {why}")


def test_on_sqlite(store: str, tmp_path: Path) -> None:
    race(store, tmp_path, rounds=4)


def test_on_a_server_with_workers(server: str, tmp_path: Path) -> None:
    race(server, tmp_path, rounds=4)


def test_on_postgresql(postgresql: str, tmp_path: Path) -> None:
    race(postgresql, tmp_path, rounds=4)
