"""Any interleaving of verdicts, acknowledgements, torn writes and restarts keeps the invariants."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from alerting_windows import HOUR, START, verdict
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nli_lifecycle.monitoring.alerting.alerts import Noise, acknowledge, react, retire
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.outbox import deliver
from nli_lifecycle.monitoring.alerting.state import State
from nli_lifecycle.monitoring.alerting.webhook import NotDelivered

NOISE = Noise(quiet_windows=2, remind_hours=3)
RULES = ("fell", "rose")
DIGESTS = ("a" * 64, "b" * 64)
TO = {"good": "info", "bad": "warning"}
OUTCOMES = st.sampled_from(["firing", "firing", "quiet", "insufficient", "pending"])


class Receiver:
    """Takes everything, or nothing while it is down."""

    def __init__(self):
        self.taken, self.down = Counter(), False

    def send(self, message):
        if self.down:
            raise NotDelivered("down", down=True)
        self.taken[message.id] += 1


class Alerting(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.log = EventLog(self.folder / "events.jsonl")
        self.kept: list[str] = []  # ids in the order in which `change` said they are kept
        self.verdicts = {}  # rule, digest → verdicts so far
        self.number = 0
        self.receivers = {"good": Receiver(), "bad": Receiver()}

    def teardown(self):
        shutil.rmtree(self.folder)

    @property
    def now(self):
        return START + self.number * HOUR + timedelta(hours=500)

    def change(self, decide):
        state = self.log.change(decide)
        self.kept = list(state.events)

    @rule(name=st.sampled_from(RULES), digest=st.sampled_from(DIGESTS), outcome=OUTCOMES)
    def look(self, name, digest, outcome):
        self.number += 1
        seen = verdict(
            self.number,
            "insufficient" if outcome == "pending" else outcome,
            rule=name,
            digest=digest,
            pending=outcome == "pending",
            escalate_after=3,
        )
        self.verdicts.setdefault((name, digest), []).append(seen)
        self.change(lambda state: react(state, [seen], self.now, noise=NOISE, to=TO))

    @precondition(lambda self: self.verdicts)
    @rule(back=st.integers(1, 6))
    def look_at_old_windows_again(self, back):
        old = [seen for verdicts in self.verdicts.values() for seen in verdicts[-back:]]
        events = len(self.kept)
        self.change(lambda state: react(state, old, self.now, noise=NOISE, to=TO))
        assert len(self.kept) == events

    @rule(which=st.integers(0, 5))
    def somebody_acknowledges(self, which):
        unresolved = self.log.read().state.unresolved()
        if which < len(unresolved):
            name = unresolved[which].id
            self.change(lambda state: acknowledge(state, name, "ann", self.now, TO))

    @rule(digest=st.sampled_from(DIGESTS))
    def another_model_answers(self, digest):
        self.number += 1
        self.change(lambda state: retire(state, RULES, digest, self.now, TO))
        assert all(alert.digest == digest for alert in self.log.read().state.unresolved())

    @rule(name=st.sampled_from(RULES), digest=st.sampled_from(DIGESTS), share=st.floats(0.01, 0.99))
    def the_process_dies_while_it_writes(self, name, digest, share):
        """What it was about to write is torn; the next round sees the same window again."""
        self.number += 1
        seen = verdict(self.number, rule=name, digest=digest, escalate_after=3)
        before = self.log.path.read_bytes() if self.log.path.exists() else b""
        self.log.change(lambda state: react(state, [seen], self.now, noise=NOISE, to=TO))
        after = self.log.path.read_bytes()
        written = after[len(before) :]
        self.log.path.write_bytes(before + written[: int(share * len(written))])
        assert list(self.log.read().state.events) == self.kept
        self.verdicts.setdefault((name, digest), []).append(seen)
        self.change(lambda state: react(state, [seen], self.now, noise=NOISE, to=TO))
        assert self.log.path.read_bytes() == after

    @rule(down=st.booleans())
    def messages_are_delivered(self, down):
        self.receivers["bad"].down = down
        deliver(self.log, self.receivers, lambda: self.now)
        self.kept = list(self.log.read().state.events)
        owed = {channel for _, channel in self.log.read().state.owed()}
        assert owed <= ({"bad"} if down else set())

    @invariant()
    def never_two_alerts_of_one_key(self):
        unresolved = self.log.read().state.unresolved()
        keys = [(alert.rule, alert.digest) for alert in unresolved]
        assert len(keys) == len(set(keys))

    @invariant()
    def nothing_that_was_kept_is_lost(self):
        assert list(self.log.read().state.events) == self.kept

    @invariant()
    def replay_gives_the_same_state(self):
        state = self.log.read().state
        again = State(state.events.values())
        grown = State()
        for event in state.events.values():
            grown = grown.copy()
            grown.add(event)
        for other in (again, grown):
            assert other.alerts == state.alerts
            assert (other.delivered, other.owed()) == (state.delivered, state.owed())

    @invariant()
    def every_firing_window_is_counted_once(self):
        times = Counter()
        for alert in self.log.read().state.alerts.values():
            times[alert.rule, alert.digest] += alert.times
        for key, verdicts in self.verdicts.items():
            assert times[key] == sum(seen.state == "firing" for seen in verdicts)

    @invariant()
    def everybody_gets_what_they_are_owed_exactly_once_while_nothing_breaks(self):
        assert all(
            count == 1 for receiver in self.receivers.values() for count in receiver.taken.values()
        )


Alerting.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAlerting = Alerting.TestCase
