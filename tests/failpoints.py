"""Kill a promotion, an intake, an approval, a rollback, an alert's actions at every effect; run it
again; look.

Run as a script, it forks one process per failpoint, before MLflow has opened any database (its
engines do not survive a fork), each on a copy of a store made beforehand. A child dies by SIGKILL
before or after its n-th change of the store; a second child runs the same command again and checks
the invariants. Prints one line of JSON: failpoints per operation, and what broke.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import mlflow  # noqa: F401  imported before the first fork, so that no child pays for it
import mlflow.artifacts  # noqa: F401
import mlflow.store.model_registry.sqlalchemy_store  # noqa: F401
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
from alarmed import alarm, answer, outcomes
from life import ASKING, judge, kinds, promote, submit

from nli_lifecycle.lifecycle.approval import approve
from nli_lifecycle.lifecycle.audit import verify
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.moves import rollback
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.registry import MlflowRegistry
from nli_lifecycle.lifecycle.release import release
from nli_lifecycle.pipelines.intake.nodes import take_in
from nli_lifecycle.pipelines.monitoring.effects import LedgerEffects

CHANGES = ("create_", "delete_", "finalize_", "log_", "rename_", "restore_", "set_", "update_")


class Fatal:
    """A client that kills its process before or after its n-th change."""

    def __init__(self, client, die_at: int = 0, after: bool = False) -> None:
        self._client, self._die_at, self._after, self.changes = client, die_at, after, 0

    def __getattr__(self, name):
        call = getattr(self._client, name)
        if not name.startswith(CHANGES):
            return call

        def counted(*args, **kwargs):
            self.changes += 1
            dies = self.changes == self._die_at
            if dies and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = call(*args, **kwargs)
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return counted


def registries(folder: Path) -> tuple[MlflowRegistry, MlflowRegistry]:
    """Staging's registry and prod's, on the store in the folder."""

    def make(environment: str, upstream: MlflowRegistry | None = None) -> MlflowRegistry:
        return MlflowRegistry(
            f"{environment}.nli.classifier",
            environment=environment,
            experiment=f"nli-{environment}",
            artifact_root=str(folder / "artifacts" / environment),
            downloads=folder / "downloads" / environment,
            tracking_uri=f"sqlite:///{folder}/mlflow.db",
            upstream=upstream,
        )

    staging = make("staging")
    prod = make("prod", staging)
    prod.alerts = folder / "alerts.jsonl"
    return staging, prod


def prepare(folder: Path) -> None:
    """Staging with two champions behind it; prod with one champion and one held candidate."""
    staging, prod = registries(folder)
    for weights in ("one", "two"):
        submit(staging, folder / "made", weights, author="ann")
        promote(staging)
        take_in(prod)
        promote(prod, ASKING)
        if weights == "one":
            approve(prod, None, "ok")
            promote(prod, ASKING)


def approved(folder: Path) -> None:
    """The held candidate has its approval."""
    approve(registries(folder)[1], "2", "ok")


def released(folder: Path) -> None:
    """Two champions in prod."""
    approved(folder)
    promote(registries(folder)[1], ASKING)


def newer(folder: Path) -> None:
    """The held candidate is approved, and staging has a third champion."""
    approved(folder)
    staging, _ = registries(folder)
    submit(staging, folder / "made", "three", author="ann")
    promote(staging)


def first(folder: Path) -> None:
    """Another prod that has never seen anything."""
    _, prod = registries(folder)
    prod.client.delete_registered_model(prod.name)
    found = prod.client.get_experiment_by_name(prod.ledger.experiment)
    prod.client.rename_experiment(found.experiment_id, "out of the way")


Operation = Callable[[MlflowRegistry], object]


def promoted(prod: MlflowRegistry) -> None:
    """What `kedro run --pipelines evaluation,promotion` does to a registry."""
    release(prod, judge(prod, ASKING), "run")


def taken_in(prod: MlflowRegistry) -> None:
    take_in(prod)


def begun(prod: MlflowRegistry) -> None:
    """A whole first run: intake, evaluation, promotion."""
    take_in(prod)
    promote(prod)


def rolled_back(prod: MlflowRegistry) -> None:
    """A person who is not sure looks first."""
    if read(prod.ledger).history.champion.version == "2":
        rollback(prod, "bad")
    settle(prod)


def watched(prod: MlflowRegistry) -> None:
    """A round of monitoring: an alert about the champion asks for a freeze and a rollback."""
    log = prod.alerts
    if not log.exists():
        alarm(log, read(prod.ledger).history.champion.digest)
    answer(log, LedgerEffects(prod), "freeze", "rollback")
    done = [action for action, how in outcomes(log) if how == "done"]
    assert sorted(done) == ["freeze", "rollback"], outcomes(log)
    settle(prod)


#: name → (state before, operation, entries after, champion's weights after, votes after)
CASES: dict[str, tuple[Callable[[Path], None], Operation, list[str], str, list[str]]] = {
    "promote": (approved, promoted, ["bootstrap", "promote", "promote"], "2", ["approve"] * 2),
    "first promotion": (first, begun, ["bootstrap", "promote"], "1", []),
    "intake": (newer, taken_in, ["bootstrap", "promote"], "1", ["approve"] * 2 + ["void"]),
    "approve": (
        lambda folder: None,
        lambda prod: approve(prod, "2", "ok"),
        ["bootstrap", "promote"],
        "1",
        ["approve"] * 2,
    ),
    "rollback": (
        released,
        rolled_back,
        ["bootstrap", "promote", "promote", "rollback"],
        "1",
        ["approve", "approve", "void"],
    ),
    "actions of alerts": (
        released,
        watched,
        ["bootstrap", "promote", "promote", "freeze", "rollback"],
        "1",
        ["approve", "approve", "void"],
    ),
}


def check(folder: Path, name: str) -> None:
    """Run the operation again, then everything that must hold."""
    _, operation, entries, champion, votes = CASES[name]
    _, prod = registries(folder)
    pointed = prod.aliases().get("champion")
    if pointed is not None:  # never half-copied: whatever is in use is complete
        ref = next(ref for ref in prod.versions() if ref.version == pointed)
        prod.fetch(ref)
    else:
        assert name == "first promotion", "the champion is gone"
    operation(prod)
    records = settle(prod)
    assert kinds(prod) == entries, kinds(prod)
    assert [vote.kind for vote in records.votes] == votes, records.votes
    assert prod.aliases()["champion"] == champion, prod.aliases()
    digests = [ref.digest for ref in prod.versions()]
    assert len(digests) == len(set(digests)), "a second version of the same digest"
    tags = prod.tags(prod.alias("champion"))
    if name in ("promote", "first promotion"):
        assert (
            tags["decision"] == "promote" and tags["decision_hash"] == records.history.head.decision
        )
    list(verify(prod))


def in_child(work: Callable[[], None]) -> tuple[int, str]:
    """Fork, work, and give the exit status and what went wrong."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: B902  the parent reports it
            os.write(writing, traceback.format_exc().encode()[-3_000:])
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def copy(origin: Path, target: Path) -> Path:
    """Copy a state; addresses inside the store still name the origin, so it takes its place."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(origin, target)
    return target


def main(names: list[str]) -> None:
    """Enumerate the failpoints of the named operations, all of them by default."""
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    root = Path(tempfile.mkdtemp(prefix="nli-failpoints-"))
    folder, kept = root / "state", root / "kept"
    folder.mkdir()
    status, said = in_child(lambda: prepare(folder))
    assert status == 0, said
    shutil.copytree(folder, kept / "prepared")

    counts: dict[str, int] = {}
    broken: list[str] = []
    for name in names or CASES:
        before, operation, *_ = CASES[name]
        copy(kept / "prepared", folder)
        status, said = in_child(lambda: before(folder))
        assert status == 0, said
        shutil.rmtree(kept / "before", ignore_errors=True)
        shutil.copytree(folder, kept / "before")

        def attempt(die_at: int, after: bool) -> None:
            _, prod = registries(folder)
            prod.client = Fatal(prod.client, die_at, after)
            operation(prod)
            if not die_at:
                (root / "changes").write_text(str(prod.client.changes))

        status, said = in_child(lambda: attempt(0, False))
        assert status == 0, said
        changes = int((root / "changes").read_text())
        counts[name] = 2 * changes
        for die_at in range(1, changes + 1):
            for after in (False, True):
                copy(kept / "before", folder)
                status, said = in_child(lambda: attempt(die_at, after))
                if status != -signal.SIGKILL:
                    broken.append(f"{name} {die_at} {after}: did not die ({status}) {said}")
                    continue
                status, said = in_child(lambda: check(folder, name))
                if status:
                    broken.append(
                        f"{name}, change {die_at}, {'after' if after else 'before'}: {said}"
                    )
    shutil.rmtree(root)
    print(json.dumps({"failpoints": counts, "together": sum(counts.values()), "broken": broken}))


if __name__ == "__main__":
    main(sys.argv[1:])
