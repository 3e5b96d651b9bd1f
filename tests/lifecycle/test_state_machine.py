"""Any sequence of promote, hold, approve, reject, rollback, freeze, crash keeps the invariants."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from life import ASKING, judge, submit
from ready_evidence import POLICY

from nli_lifecycle.lifecycle import settling
from nli_lifecycle.lifecycle.approval import approve, reject
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.mirror import lines_of, mirrored
from nli_lifecycle.lifecycle.moves import MoveError, freeze, rollback, unfreeze
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.release import ReleaseError, release

WRITES = ("register", "point", "tag", "describe")


class Crash(BaseException):
    """Stands for the death of the process."""


class Environment(RuleBasedStateMachine):
    """One environment, and a plain model of what it must be like."""

    def __init__(self) -> None:
        super().__init__()
        settling.PATIENCE = 0.0
        self.folder = Path(tempfile.mkdtemp())
        self.registry = InMemoryRegistry(
            "prod.nli.classifier", environment="prod", folder=self.folder / "store"
        )
        self.champion: str | None = None  # digest
        self.rejected: set[str] = set()
        self.frozen = False
        self.crashed = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def first_candidate(self) -> None:
        submit(self.registry, self.folder / "made", "a")

    @rule(weights=st.sampled_from("abcd"))
    def new_candidate(self, weights: str) -> None:
        submit(self.registry, self.folder / "made", weights)

    @rule(asking=st.booleans(), accuracy=st.sampled_from([0.85, 0.85, 0.5, 0.705]))
    def promote(self, asking: bool, accuracy: float) -> None:
        self._settle()
        decision = judge(self.registry, ASKING if asking else POLICY, accuracy)
        digest, standing = decision.candidate.digest, decision.standing
        if digest == self.champion:
            expected = "unchanged"
        elif digest in self.rejected or accuracy == 0.5:
            expected = "reject"
        elif self.frozen or accuracy == 0.705 or (asking and not standing.approvals):
            expected = "hold"
        elif standing.withdrawn and not standing.approvals:
            expected = "hold"
        else:
            expected = "promote"
        assert decision.outcome == expected, (decision.outcome, expected, decision.reasons())
        release(self.registry, decision, None)
        if expected == "promote":
            self.champion = digest

    @rule()
    def stale_decision(self) -> None:
        """A decision that was made before something else happened never gets through."""
        self._settle()
        decision = judge(self.registry)
        if decision.outcome != "promote":
            return
        (unfreeze if self.frozen else freeze)(self.registry, "in between")
        self.frozen = not self.frozen
        try:
            release(self.registry, decision, None)
        except ReleaseError as refusal:
            assert "now at epoch" in str(refusal)
        else:
            raise AssertionError("released on a stale head")

    @rule()
    def approve(self) -> None:
        try:
            candidate, _ = approve(self.registry, None, "ok")
        except MoveError:
            return
        assert candidate.digest not in self.rejected

    @rule()
    def reject(self) -> None:
        candidate = self.registry.alias("candidate")
        self._settle()
        try:
            reject(self.registry, None, "no")
        except MoveError as refusal:
            assert "in use" in str(refusal) and candidate.digest == self.champion
        else:
            self.rejected.add(candidate.digest)

    @rule()
    def rollback(self) -> None:
        self._settle()
        try:
            target, _ = rollback(self.registry, "bad")
        except MoveError:
            return
        assert target.digest != self.champion and target.digest not in self.rejected
        self.champion = target.digest

    @rule()
    def toggle_freeze(self) -> None:
        (unfreeze if self.frozen else freeze)(self.registry, "why")
        self.frozen = not self.frozen

    @precondition(lambda self: self.champion is not None)
    @rule(weights=st.integers(0, 3))
    def somebody_moves_the_alias(self, weights: int) -> None:
        self._settle()
        versions = list(self.registry.versions())
        self.registry.point("champion", versions[weights % len(versions)])

    @rule(at=st.integers(1, 12), what=st.sampled_from(["promote", "rollback", "candidate"]))
    def crash(self, at: int, what: str) -> None:
        """Die at the n-th write of an operation; its entry may or may not be committed."""
        self._settle()
        count = 0

        def dying(call):
            def counted(*args, **kwargs):
                nonlocal count
                count += 1
                if count == at:
                    raise Crash
                return call(*args, **kwargs)

            return counted

        targets = [(self.registry, name) for name in WRITES] + [(self.registry.ledger, "put")]
        for target, name in targets:
            setattr(target, name, dying(getattr(target, name)))
        try:
            if what == "promote":
                release(self.registry, judge(self.registry), None)
            elif what == "rollback":
                rollback(self.registry, "bad")
            else:
                submit(self.registry, self.folder / "made", "b")
        except (Crash, MoveError):
            pass
        finally:
            for target, name in targets:
                delattr(target, name)
        head = read(self.registry.ledger).history.champion
        self.champion = head.digest if head else None

    @invariant()
    def the_ledger_is_the_truth(self) -> None:
        records = read(self.registry.ledger)  # verifies the chain
        if records is None:
            assert self.champion is None
            return
        head = records.history.champion
        assert (head.digest if head else None) == self.champion
        assert (records.history.freeze is not None) == self.frozen
        digests = [ref.digest for ref in self.registry.versions()]
        assert len(digests) == len(set(digests))

    @invariant()
    def after_settling_aliases_follow(self) -> None:
        if read(self.registry.ledger) is None or self.champion is None:
            return
        before = read(self.registry.ledger).history
        assert "champion" in self.registry.aliases() or before.chosen.epoch == before.epoch
        records = settle(self.registry)
        assert self.registry.alias("champion").digest == self.champion
        assert mirrored(self.registry) == lines_of(records)

    def _settle(self) -> None:
        settle(self.registry)


TestEnvironment = Environment.TestCase
TestEnvironment.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
