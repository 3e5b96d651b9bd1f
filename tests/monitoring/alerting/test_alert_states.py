"""Alert states: opened once, told seldom, resolved late."""

from __future__ import annotations

import pytest
from alerting_windows import DIGEST, HOUR, START, verdict

from nli_lifecycle.monitoring.alerting.alerts import AlertError, Noise, acknowledge, react, retire
from nli_lifecycle.monitoring.alerting.state import EventError, State

NOW = START + 100 * HOUR
TO = {"all": "info", "page": "critical"}


class Life:
    """A state, and what happens to it."""

    def __init__(self, **noise):
        self.state, self.noise, self.now = State(), Noise(**noise), NOW
        self.events = []

    def see(self, *verdicts):
        """React, and give what happened, in words."""
        return self._add(react(self.state, verdicts, self.now, noise=self.noise, to=TO))

    def acknowledge(self, alert, by="ann"):
        return self._add(acknowledge(self.state, alert, by, self.now, TO))

    def retire(self, rules=("fell",), digest=DIGEST):
        return self._add(retire(self.state, rules, digest, self.now, TO))

    def _add(self, events):
        for event in events:
            self.state.add(event)
        self.events += events
        return [event.kind for event in events]

    @property
    def alert(self):
        return list(self.state.alerts.values())[-1]

    def told(self):
        return [(event.kind, event.to) for event in self.events if event.to]


NAME = f"fell-{DIGEST[:12]}-1"


@pytest.mark.parametrize(
    ("alert", "by", "said"),
    [
        ("nothing", "ann", f"no alert 'nothing'; unresolved: {NAME}"),
        (NAME, " ", "Say who"),
    ],
)
def test_what_cannot_be_acknowledged(alert, by, said):
    life = Life()
    life.see(verdict(0))
    with pytest.raises(AlertError, match=said):
        life.acknowledge(alert, by)


def test_a_resolved_alert_cannot_be_acknowledged():
    life = Life(quiet_windows=1)
    life.see(verdict(0), verdict(1, "quiet"))
    with pytest.raises(AlertError, match="resolved already .1 quiet windows"):
        life.acknowledge(NAME)


def test_insufficient_neither_opens_nor_resolves():
    life = Life(quiet_windows=2)
    assert life.see(verdict(0, "insufficient")) == []
    assert life.see(verdict(1), *(verdict(n, "insufficient") for n in range(2, 9))) == [
        "opened",
        *["unsure"] * 7,
    ]
    assert (life.alert.state, life.alert.streak, life.alert.quiet) == ("open", 0, 0)


def test_insufficient_ends_the_row_of_quiet_windows():
    life = Life(quiet_windows=2)
    kinds = life.see(
        *(verdict(n, state) for n, state in enumerate(["firing", "quiet", "insufficient", "quiet"]))
    )
    assert kinds == ["opened", "calmed", "unsure", "calmed"]
    assert life.see(verdict(4, "quiet")) == ["resolved"]


def test_pending_changes_nothing():
    life = Life()
    life.see(verdict(0), verdict(1))
    assert life.see(verdict(2, "insufficient", pending=True)) == []
    assert (life.alert.streak, life.alert.window) == (2, 1)
    assert life.see(verdict(2)) == ["repeated"]  # its labels came


def test_the_same_window_again_changes_nothing():
    life = Life()
    assert life.see(verdict(0), verdict(1)) == ["opened", "repeated"]
    assert life.see(verdict(0), verdict(1)) == []
    assert life.alert.times == 2


def test_a_window_of_before_the_end_opens_nothing_again():
    life = Life(quiet_windows=1)
    life.see(verdict(0), verdict(1, "quiet"))
    assert life.see(verdict(0), verdict(1, "quiet")) == []


def test_a_silence_counts_at_every_look_though_the_window_stays():
    life = Life()
    looks = [verdict(0, at=START + hours * HOUR) for hours in (3, 4, 5)]
    assert life.see(*looks) == ["opened", "repeated", "repeated"]
    assert life.see(looks[-1]) == []


def test_repeats_are_counted_not_told():
    life = Life()
    life.see(*(verdict(n) for n in range(5)))
    assert (life.alert.times, life.alert.streak) == (5, 5)
    assert life.told() == [("opened", ("all",))]
    assert life.alert.sentence == "window 4"


def test_an_open_alert_is_told_again_after_a_while_an_acknowledged_one_is_not():
    life = Life(remind_hours=24)
    life.see(verdict(0))
    life.now += 23 * HOUR
    life.see(verdict(1))
    life.now += HOUR
    life.see(verdict(2))
    life.see(verdict(3))
    assert life.told() == [("opened", ("all",)), ("repeated", ("all",))]
    life.acknowledge(NAME)
    life.now += 48 * HOUR
    life.see(verdict(4))
    assert life.told()[2:] == [("acknowledged", ("all",))]


def test_acknowledging_twice_is_once():
    life = Life()
    life.see(verdict(0))
    assert (life.acknowledge(NAME), life.acknowledge(NAME, "bob")) == (["acknowledged"], [])
    assert (life.alert.state, life.alert.by) == ("acknowledged", "ann")


def test_acknowledging_does_not_silence_a_rise_in_severity():
    life = Life()
    life.see(verdict(0, escalate_after=3))
    life.acknowledge(NAME)
    assert life.see(verdict(1, escalate_after=3), verdict(2, escalate_after=3)) == [
        "repeated",
        "worsened",
    ]
    assert (life.alert.state, life.alert.severity) == ("open", "critical")
    assert life.told()[-1] == ("worsened", ("all", "page"))
    assert life.see(verdict(3, escalate_after=3)) == ["repeated"]  # worse once


def test_a_break_starts_the_row_that_escalates_anew():
    life = Life()
    life.see(verdict(0, escalate_after=2), verdict(1, "quiet"))
    assert life.see(verdict(2, escalate_after=2)) == ["repeated"]
    assert life.alert.severity == "warning"


def test_a_milder_rule_does_not_make_an_alert_milder():
    life = Life()
    life.see(verdict(0, severity="critical"))
    assert life.see(verdict(1, severity="info")) == ["repeated"]
    assert life.alert.severity == "critical"


def test_only_quiet_windows_in_a_row_resolve():
    life = Life(quiet_windows=3)
    seen = ["firing", "quiet", "quiet", "firing", "quiet", "quiet", "quiet"]
    kinds = life.see(*(verdict(n, state) for n, state in enumerate(seen)))
    assert kinds == ["opened", "calmed", "calmed", "repeated", "calmed", "calmed", "resolved"]
    assert life.alert.by == "3 quiet windows in a row"


def test_what_fires_again_after_its_end_is_a_new_alert():
    life = Life(quiet_windows=1)
    life.see(verdict(0), verdict(1, "quiet"), verdict(2))
    assert [(a.id[-1], a.state, a.times) for a in life.state.alerts.values()] == [
        ("1", "resolved", 1),
        ("2", "open", 1),
    ]


def test_rules_and_digests_have_alerts_of_their_own():
    life = Life()
    life.see(verdict(0), verdict(0, rule="rose"), verdict(0, digest="e" * 64))
    assert len(life.state.unresolved()) == 3


def test_alerts_of_models_and_rules_that_are_gone_are_resolved():
    life = Life()
    life.see(verdict(0), verdict(0, rule="rose"), verdict(0, digest="e" * 64))
    assert life.retire(digest=None) == ["resolved"]
    assert life.retire() == ["resolved"]
    assert life.retire() == []
    assert [a.by for a in life.state.alerts.values()] == [
        "",
        "there is no such rule any more",
        "another model answers now",
    ]


def test_a_state_refuses_what_cannot_follow():
    life = Life(quiet_windows=1)
    life.see(verdict(0), verdict(1))
    opened, repeated = life.events
    with pytest.raises(EventError, match="not open"):
        State([repeated])
    with pytest.raises(EventError, match="opens, but"):
        State([opened, opened.model_copy(update={"id": "another"})])


def test_a_copy_is_left_alone():
    life = Life()
    twin = life.state.copy()
    life.see(verdict(0))
    assert (twin.alerts, twin.events, len(life.state.alerts)) == ({}, {}, 1)
