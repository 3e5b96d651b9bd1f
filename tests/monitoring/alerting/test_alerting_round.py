"""A round of alerting: from findings to a receiver, whatever breaks on the way."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from alert_receiver import receiving
from servers import free_port
from alerting_windows import DIGEST, HOUR, START, finding, unknown, values, window
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nli_lifecycle.monitoring.alerting import (
    actions,
    alerts,
    channels,
    record,
    rules,
    watch as watching,
    webhook,
)
from nli_lifecycle.monitoring.alerting.channels import open_channels
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.watch import AlertingParameters, watch

DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"
NOW = START + 100 * HOUR
RULE = {
    "kind": "absolute",
    "name": "fell",
    "finding": "realised_accuracy",
    "below": 0.85,
    "sentence": "Look.",
}
PARAMETERS = AlertingParameters.model_validate(
    {
        "rules": [RULE],
        "noise": {"quiet_windows": 2},
        "actions": {
            "dry_run": False,
            "asked_by": {"fell": ["freeze", "rollback"]},
            "rollback": {"after_windows": 2},
        },
    }
)


class Crash(BaseException):
    """Stands for the death of the process."""


class World:
    def __init__(self):
        self.done, self.ids = [], set()

    def _do(self, reason, action):
        self.done.append((action.action, action.digest))
        self.ids.add(action.id)

    freeze = rollback = retrain = _do

    def happened(self, action_id):
        return action_id in self.ids


class Dying(EventLog):
    """Dies before or after its n-th write."""

    die_at, steps = 0, 0

    def change(self, decide):
        self._step()
        state = super().change(decide)
        self._step()
        return state

    def _step(self):
        self.steps += 1
        if self.steps == self.die_at:
            raise Crash


class Box(list):
    def send(self, message):
        self.append((message.name, message.kind))


def round_of(log, history, parameters=PARAMETERS, box=None, world=None, now=NOW, **more):
    box = Box() if box is None else box
    given = {"channels": {"log": box}, "effects": world, "clock": lambda: now, **more}
    return watch(parameters, log, history, **given)


@pytest.fixture
def log(tmp_path):
    return EventLog(tmp_path / "events.jsonl")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": []}, "at least 1"),
        ({"rules": [RULE, RULE]}, "two rules are called fell"),
        ({"channels": [{"kind": "log"}, {"kind": "log"}]}, "two channels are called log"),
        ({"channels": [{"kind": "pigeon"}]}, "pigeon"),
        ({"actions": {"asked_by": {"rose": ["freeze"]}}}, "names rose, which is no rule"),
        ({"exit_codes": {"warning": 300}}, "125"),
    ],
)
def test_parameters_that_cannot_be_meant(change, said):
    with pytest.raises(ValidationError, match=said):
        AlertingParameters.model_validate({"rules": [RULE], **change})


def test_no_window_is_insufficient_and_writes_nothing(log):
    found = round_of(log, [])
    assert [v.state for v in found.verdicts] == ["insufficient"]
    assert (found.alerts, found.exit_code, log.path.read_bytes()) == ((), 0, b"")


def test_the_first_round_judges_the_present_not_the_past(log):
    found = round_of(log, values(0.5, 0.5, 0.9))
    assert (found.alerts, found.exit_code) == ((), 0)


def test_a_round_that_dies_anywhere_is_completed_by_the_next(tmp_path):
    early, late = values(0.9, 0.5), values(0.9, 0.5, 0.5, 0.9, 0.9, 0.5)

    def story(path, die_at):
        log, box, world = Dying(path), Box(), World()
        round_of(log, early, box=box, world=world)
        log.die_at, log.steps = die_at, 0
        try:
            round_of(log, late, box=box, world=world)
        except Crash:
            log.die_at = 0
            round_of(log, late, box=box, world=world)
        return log, box, world

    log, box, world = story(tmp_path / "calm.jsonl", 0)
    steps = log.steps
    assert box == [
        (f"fell-{DIGEST[:12]}-1", "opened"),
        (f"freeze-fell-{DIGEST[:12]}-1-1", "done"),
        (f"fell-{DIGEST[:12]}-1", "resolved"),
        (f"fell-{DIGEST[:12]}-2", "opened"),
    ]
    assert world.done == [("freeze", DIGEST)] and steps == 6
    for die_at in range(1, steps + 1):
        path = tmp_path / f"{die_at}.jsonl"
        again, received, worked = story(path, die_at)
        assert again.read().state.alerts == log.read().state.alerts
        assert again.read().state.owed() == []
        assert list(dict.fromkeys(received)) == box and worked.done == world.done


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.9, 0.5, None]), min_size=2, max_size=8), st.integers(0, 2))
def test_a_backlog_is_judged_as_its_windows_would_have_been(accuracies, late):
    rule = {**RULE, "late_windows": late, "n_of_m": {"n": 1, "m": 2}}
    parameters = AlertingParameters(rules=[rule], noise={"quiet_windows": 2})
    history = values(0.9, 0.9, *accuracies, 0.9)
    with TemporaryDirectory() as folder:
        slow, fast = EventLog(Path(folder) / "slow"), EventLog(Path(folder) / "fast")
        for log in (slow, fast):
            round_of(log, history[:2], parameters)
        for length in range(3, len(history) + 1):
            round_of(slow, history[:length], parameters)
        round_of(fast, history, parameters)
        strip = {"told", "sentence"}
        one, other = (
            [alert.model_dump(exclude=strip) for alert in log.read().state.alerts.values()]
            for log in (slow, fast)
        )
    assert one == other


def test_labels_that_come_late_still_make_rows(log):
    """Each round brings a window without labels, and the labels of the one before the last."""
    rule = {**RULE, "late_windows": 2}
    parameters = PARAMETERS.model_copy(update={"rules": AlertingParameters(rules=[rule]).rules})
    world = World()
    for latest in range(2, 7):
        history = [
            window(n, finding(value=0.9 if n < 2 else 0.5) if n <= latest - 2 else unknown())
            for n in range(latest + 1)
        ]
        found = round_of(log, history, parameters, world=world)
    assert [alert.streak for alert in found.alerts] == [3]
    assert world.done == [("freeze", DIGEST), ("rollback", DIGEST)]


def test_a_rollback_ends_the_alerts_of_the_model_that_is_gone(log):
    world, box = World(), Box()
    round_of(log, values(0.9, 0.5), world=world, box=box)
    bad = values(0.9, 0.5, 0.5)
    found = round_of(log, bad, world=world, box=box)
    assert world.done == [("freeze", DIGEST), ("rollback", DIGEST)] and found.exit_code == 3
    found = round_of(log, bad, world=world, box=box)  # nothing new yet
    assert len(world.done) == 2
    good = window(3, finding(value=0.9), digest="c" * 64, version="2", epoch=8)
    found = round_of(log, [*bad, good], world=world, box=box)
    assert (found.alerts, found.exit_code) == ((), 0)
    assert box[-1] == (f"fell-{DIGEST[:12]}-1", "resolved")


def test_insufficient_never_acts(log):
    world = World()
    round_of(log, values(0.9, 0.5), world=world)
    found = round_of(log, values(0.9, 0.5, None), world=world)
    assert world.done == [("freeze", DIGEST)] and found.exit_code == 3
    found = round_of(log, values(0.9, 0.5, None, 0.5), world=world)
    assert world.done == [("freeze", DIGEST)]  # the row began anew
    assert {one.why for one in found.acted.plan.withheld} >= {
        "firing verdicts in a row: 1; rollback asks for 2"
    }


def test_without_anything_that_acts_nothing_is_planned(log):
    found = round_of(log, values(0.9, 0.5))
    assert found.acted is None and log.read().state.actions == {}


def test_messages_go_out_though_acting_fails(log):
    class Broken(World):
        def happened(self, action_id):
            raise Crash

        def freeze(self, reason, action):
            raise ValueError

    box = Box()
    with pytest.raises(Crash):
        round_of(log, values(0.5), box=box, world=Broken())
    assert box == [(f"fell-{DIGEST[:12]}-1", "opened")]


def test_silence_from_the_first_day_until_rows_come(log):
    dead = {"kind": "dead_man", "name": "dead", "silent_minutes": 60, "sentence": "Look."}
    parameters = AlertingParameters(rules=[dead], noise={"quiet_windows": 1})
    box = Box()
    for hours in (1, 2, 3):
        found = round_of(log, [], parameters, box, now=START + hours * HOUR, watching_since=START)
    assert [(a.id, a.times) for a in found.alerts] == [("dead-nobody-1", 2)]
    assert found.exit_code == 3
    found = round_of(log, [window(3)], parameters, box, now=START + 4 * HOUR)
    assert (found.alerts, box) == ((), [("dead-nobody-1", "opened"), ("dead-nobody-1", "resolved")])


def test_a_real_receiver_that_was_down_hears_of_everything(log, monkeypatch):
    given = PARAMETERS.model_dump() | {
        "channels": [{"kind": "webhook", "name": "ops", "url_from": "HOOK", "attempts": 1}],
    }
    parameters = AlertingParameters.model_validate(given)
    opened = open_channels(parameters.channels)
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{free_port()}/hooks/S3CRETPATH")
    found = round_of(log, values(0.9, 0.5), parameters, world=World(), channels=opened)
    assert [w.channel for w in found.delivered.waiting] == ["ops", "ops"]
    assert "S3CRETPATH" not in found.model_dump_json() + log.path.read_text()
    with receiving() as receiver:
        monkeypatch.setenv("HOOK", receiver.url)
        found = round_of(log, values(0.9, 0.5), parameters, world=World(), channels=opened)
        bodies = [body for _, _, body in receiver.requests]
    assert [(body["subject"], body["kind"]) for body in bodies] == [
        ("alert", "opened"),
        ("action", "done"),
    ]
    assert (
        found.delivered.waiting == () and "since 2026-03-01 13:00 UTC. Look." in bodies[0]["text"]
    )


# The document


def test_the_documents_example_is_valid_and_uses_every_kind():
    (block,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    parameters = AlertingParameters.model_validate(yaml.safe_load(block)["alerting"])
    assert {rule.kind for rule in parameters.rules} == {
        *("absolute", "relative", "trend", "drift", "dead_man")
    }
    assert {channel.kind for channel in parameters.channels} == {"log", "tag", "webhook"}


def test_the_document_names_every_parameter():
    said = set(re.findall(r"`([a-z_]+)`", DOCUMENT.read_text()))
    models = [
        *(rules.OutOf, rules.AbsoluteRule, rules.RelativeRule, rules.TrendRule, rules.DriftRule),
        *(rules.DeadManRule, alerts.Noise, channels.LogParameters, channels.TagParameters),
        *(channels.ExitCodes, webhook.WebhookParameters, actions.Limit, actions.ActionPolicy),
        watching.AlertingParameters,
    ]
    assert {name for model in models for name in model.model_fields} - said == set()
    assert set(record.SEVERITIES) <= said
