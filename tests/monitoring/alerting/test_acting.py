"""Acting: whatever dies wherever, an action takes effect once."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys

import pytest
from alerting_windows import HOUR, START, verdict

from nli_lifecycle.monitoring.alerting.acting import act
from nli_lifecycle.monitoring.alerting.actions import ActionPolicy, Limit
from nli_lifecycle.monitoring.alerting.alerts import Noise, acknowledge, react
from nli_lifecycle.monitoring.alerting.eventlog import Busy, EventLog

NOW = START + 100 * HOUR
POLICY = ActionPolicy(
    dry_run=False,
    asked_by={"fell": ("freeze", "rollback", "retrain")},
    **{name: Limit(after_windows=1, maximum_per_day=3) for name in ("freeze", "rollback")},
    retrain=Limit(after_windows=1, maximum_per_day=3),
)
ALL = ["freeze", "rollback", "retrain"]


class Crash(BaseException):
    """Stands for the death of the process."""


class World:
    """What actions do, and a switch that stops the world at the n-th step."""

    def __init__(self, die_at=0):
        self.done, self.ids, self.steps, self.die_at = [], [], 0, die_at
        self.trouble, self.blind = {}, False

    def step(self):
        self.steps += 1
        if self.steps == self.die_at:
            raise Crash

    def _do(self, kind, reason, action):
        assert reason.endswith(f"[action {action.id}]") and action.action == kind
        self.step()
        before, after = self.trouble.get(kind, (None, None))
        if before:
            raise before
        self.done.append(kind)
        self.ids.append(action.id)
        if after:
            raise after
        self.step()

    def freeze(self, reason, action):
        self._do("freeze", reason, action)

    def rollback(self, reason, action):
        self._do("rollback", reason, action)

    def retrain(self, reason, action):
        self._do("retrain", reason, action)

    def happened(self, action_id):
        if self.blind:
            raise ConnectionError("the ledger is away")
        self.step()
        return action_id in self.ids


class Watched(EventLog):
    """An event log whose every write is a step before and after."""

    def __init__(self, path, world):
        super().__init__(path)
        self.world = world

    def change(self, decide):
        self.world.step()
        state = super().change(decide)
        self.world.step()
        return state


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "events.jsonl"
    fire(EventLog(path), 0)
    return path


def fire(log, number, now=NOW, **facts):
    seen = [verdict(number, **facts)]
    log.change(lambda state: react(state, seen, now, noise=Noise(quiet_windows=1), to={}))


def run(path, world, policy=POLICY, now=NOW):
    return act(Watched(path, world), policy, world, lambda: now, ("ops",))


def states(path):
    return [(one.action, one.state) for one in EventLog(path).read().state.actions.values()]


def kinds(path):
    return [e.kind for e in EventLog(path).read().state.events.values() if hasattr(e, "action")]


STEPS = 2 * 6 + 2 * 3  # writes before and after, and effects


def test_the_number_of_steps(path):
    world = World()
    run(path, world)
    assert (world.steps, world.done) == (STEPS, ALL)


@pytest.mark.parametrize("die_at", range(1, STEPS + 1))
def test_it_may_die_at_every_step(path, die_at):
    world = World(die_at)
    with pytest.raises(Crash):
        run(path, world)
    world.die_at = 0
    for _ in range(3):
        run(path, world)
    assert world.done == ALL
    assert [one for one in states(path) if one[1] != "failed"] == [(name, "done") for name in ALL]
    assert kinds(path).count("planned") == kinds(path).count("done") + kinds(path).count("failed")


@pytest.mark.parametrize("first", range(1, STEPS + 1, 3))
@pytest.mark.parametrize("second", range(1, STEPS + 4, 2))
def test_it_may_die_again_while_it_settles(path, first, second):
    world = World(first)
    with pytest.raises(Crash):
        run(path, world)
    world.die_at = world.steps + second
    try:
        run(path, world)
    except Crash:
        pass
    world.die_at = 0
    for _ in range(3):
        run(path, world)
    assert world.done == ALL


def test_an_effect_that_fails_is_recorded_told_and_tried_again_within_its_limit(path, caplog):
    caplog.set_level(logging.CRITICAL)
    world = World()
    world.trouble["rollback"] = (ValueError("sql://ann:pw@host is away\nsecond line"), None)
    for _ in range(5):
        run(path, world)
    assert world.done == ["freeze", "retrain"]
    assert states(path).count(("rollback", "failed")) == 3
    state = EventLog(path).read().state
    outcome = [one for one in state.actions.values() if one.action == "rollback"][0].outcome
    assert outcome == "ValueError: sql://***@host is away"
    told = [event.kind for event, channel in state.owed() if channel == "ops"]
    assert sorted(told) == ["done", "done", "failed", "failed", "failed"]
    world.trouble.clear()
    fire(EventLog(path), 1, NOW + 25 * HOUR)
    run(path, world, now=NOW + 25 * HOUR)
    assert world.done == ["freeze", "retrain", "rollback"]


def test_an_effect_that_says_it_failed_but_took_place_is_done(path, caplog):
    caplog.set_level(logging.CRITICAL)
    world = World()
    world.trouble["rollback"] = (None, TimeoutError("no answer"))
    run(path, world)
    run(path, world)
    assert world.done == ALL and ("rollback", "done") in states(path)
    action = EventLog(path).read().state.actions["rollback-fell-d1d1d1d1d1d1-1-1"]
    assert action.outcome == "Found to have taken effect. TimeoutError: no answer"


def test_while_nobody_can_tell_what_happened_nothing_of_the_kind_is_done(path, caplog):
    caplog.set_level(logging.CRITICAL)
    world = World()
    world.trouble["rollback"] = (None, TimeoutError("no answer"))
    world.blind = True
    for _ in range(2):
        acted = run(path, world)
    assert acted.unsettled == ("rollback-fell-d1d1d1d1d1d1-1-1",)
    assert world.done == ALL and ("rollback", "planned") in states(path)
    world.blind = False
    assert run(path, world).settled == acted.unsettled
    assert world.done == ALL and ("rollback", "done") in states(path)


def test_a_dry_run_says_it_once_and_does_nothing(path):
    world = World()
    dry = POLICY.model_copy(update={"dry_run": True})
    for _ in range(3):
        run(path, world, dry)
    assert (world.done, kinds(path)) == ([], ["planned", "done"] * 3)
    run(path, world)
    assert world.done == ALL


def test_who_acknowledges_in_time_is_heard(path):
    class Quick(World):
        def freeze(self, reason, action):
            super().freeze(reason, action)
            log = EventLog(path)
            log.change(lambda state: acknowledge(state, action.alerts[0], "ann", NOW, {}))

    world = Quick()
    acted = run(path, world)
    assert world.done == ["freeze"]
    assert list(acted.outcomes.values()) == ["done"]


def test_what_is_resolved_meanwhile_is_not_acted_on_after_a_crash(path):
    world = World(die_at=3)  # the freeze is planned; its effect is not there yet
    with pytest.raises(Crash):
        run(path, world)
    world.die_at = 0
    fire(EventLog(path), 1, state="quiet")
    run(path, world)
    assert (world.done, states(path)) == ([], [("freeze", "failed")])


def test_two_runs_do_not_act_at_once(path):
    class Nested(World):
        def freeze(self, reason, action):
            super().freeze(reason, action)
            with pytest.raises(Busy):
                run(path, self)

    world = Nested()
    run(path, world)
    assert world.done == ALL


KILLED = """
import os, signal, sys
from pathlib import Path
from test_acting import NOW, POLICY, EventLog, World, act

class Doomed(World):
    def freeze(self, reason, action):
        Path(sys.argv[2]).write_text(action.id)
        os.kill(os.getpid(), signal.SIGKILL)

act(EventLog(Path(sys.argv[1])), POLICY, Doomed(), lambda: NOW)
"""


def test_a_killed_run_leaves_no_lock_and_is_settled(path, tmp_path):
    left = tmp_path / "effect"
    here = os.path.dirname(__file__)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])}
    command = [sys.executable, "-c", KILLED, str(path), str(left)]
    assert subprocess.run(command, env=environ, timeout=60).returncode == -signal.SIGKILL
    assert states(path) == [("freeze", "planned")]
    world = World()
    world.ids.append(left.read_text())
    acted = run(path, world)
    assert acted.settled == (left.read_text(),)
    assert world.done == ["rollback", "retrain"] and ("freeze", "done") in states(path)


def test_the_next_alert_of_the_same_digest_does_not_roll_back_again(path):
    world = World()
    run(path, world)
    fire(EventLog(path), 1, state="quiet")
    later = NOW + 1000 * HOUR
    fire(EventLog(path), 2, later)
    acted = run(path, world, now=later)
    assert world.done == [*ALL, "freeze", "retrain"]
    assert "rolled back from" in [one for one in acted.plan.withheld][0].why
