"""A process that promotes and rolls back as fast as it can, and says what it believes it did.

`python promoters.py STORE FOLDER NAME ROUNDS` goes on until it has won so often, or a minute is
over; prints one JSON object: what it won, and why it was refused.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

from life import judge, submit

from nli_lifecycle.lifecycle.ledger.entry import Held, LedgerError
from nli_lifecycle.lifecycle.ledger.protocol import append, read
from nli_lifecycle.lifecycle.moves import MoveError, rollback
from nli_lifecycle.lifecycle.projection import project_committed
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.registry import MlflowRegistry, RegistryError
from nli_lifecycle.lifecycle.release import ReleaseError, release

SECONDS = 60  # at the longest

os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"


def open_registry(store: str, folder: Path, name: str) -> MlflowRegistry:
    registry = MlflowRegistry(
        "prod.nli.classifier",
        environment="prod",
        experiment="nli-prod",
        artifact_root=None if store.startswith("http") else str(folder / "artifacts"),
        downloads=folder / "downloads" / name,
        tracking_uri=store,
    )
    registry.actor = name
    return registry


def compete(store: str, folder: Path, name: str, rounds: int) -> dict[str, list[object]]:
    registry = open_registry(store, folder, name)
    lot = random.Random(name)
    submit(registry, folder / "made" / name, name)
    won: list[object] = []
    lost: list[object] = []
    deadline = time.monotonic() + SECONDS
    number = 0
    while len(won) < rounds and time.monotonic() < deadline:
        number += 1
        try:
            what = lot.random()
            if what < 0.4:  # the commit alone, as often as possible
                version = lot.choice(list(registry.versions()))
                seen = settle(registry).history
                held = Held.of(version)
                entry = append(registry.ledger, seen, "promote", champion=held, actor=name)
                project_committed(registry, entry)
                if entry is None:
                    lost.append("another was first")
                else:
                    won.append([entry.epoch, "promote", name])
            elif what < 0.6:
                _, entry = rollback(registry, f"{name} {number}")
                assert entry is not None
                won.append([entry.epoch, "rollback", name])
            else:
                submit(registry, folder / "made" / name, f"{name} {number}")
                decision = judge(registry)
                record = release(registry, decision, None)
                if record.outcome != "promote":
                    lost.append(record.outcome)
                    continue
                # Two that judge the same candidate at the same head make the same decision: the
                # second finds it carried out.
                entries = read(registry.ledger).history.entries
                (entry,) = (one for one in entries if one.decision == record.decision_hash)
                if entry.actor == name:
                    won.append([entry.epoch, "promote", name])
                else:
                    lost.append("done before")
        except (ReleaseError, MoveError, LedgerError, RegistryError, ValueError) as refusal:
            lost.append(str(refusal)[:160])
    return {"won": won, "lost": lost}


if __name__ == "__main__":
    store, folder, name, rounds = sys.argv[1:]
    print(json.dumps(compete(store, Path(folder), name, int(rounds))))
