"""The outbox: at least once, in order, whatever breaks; and the other channels."""

from __future__ import annotations

import logging

import pytest
from alert_receiver import receiving
from alerting_windows import DIGEST, HOUR, START, verdict

from nli_lifecycle.monitoring.alerting.alerts import Noise, react
from nli_lifecycle.monitoring.alerting.channels import (
    ExitCodes,
    LogChannel,
    LogParameters,
    TagChannel,
    TagParameters,
    exit_code,
    open_channels,
)
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.messages import message
from nli_lifecycle.monitoring.alerting.outbox import deliver
from nli_lifecycle.monitoring.alerting.state import State
from nli_lifecycle.monitoring.alerting.webhook import NotDelivered, Webhook, WebhookParameters

NOW = START + 100 * HOUR
TO = {"ops": "warning", "log": "info"}


class Crash(BaseException):
    """Stands for the death of the process."""


class Recorder:
    """Keeps what it was sent; raises what it was given first."""

    def __init__(self, *troubles):
        self.troubles, self.sent = list(troubles), []

    def send(self, sent):
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble:
            raise trouble
        self.sent.append(sent.name)


@pytest.fixture
def log(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    verdicts = [verdict(0, rule=rule) for rule in ("one", "two", "three")]
    log.change(lambda state: react(state, verdicts, NOW, noise=Noise(), to=TO))
    return log


def names(*rules):
    return [f"{rule}-{DIGEST[:12]}-1" for rule in rules]


def run(log, /, **channels):
    return deliver(log, channels, lambda: NOW)


def test_what_is_not_taken_waits_for_the_next_run(log):
    done = Recorder()
    first = run(log, ops=Recorder(NotDelivered("it is down", down=True)), log=done)
    assert (first.sent, [w.why for w in first.waiting]) == (3, ["it is down"] * 3)
    later = Recorder()
    assert run(log, ops=later, log=done).waiting == ()
    assert later.sent == done.sent == names("one", "two", "three")
    assert run(log, ops=later, log=done).sent == 0


def test_a_channel_that_is_down_is_asked_once_a_run(log):
    down = Recorder(*[NotDelivered("down", down=True)] * 9)
    run(log, ops=down, log=Recorder())
    assert len(down.troubles) == 8


def test_one_refused_message_holds_up_no_other(log):
    picky = Recorder(NotDelivered("answers 400", down=False))
    report = run(log, ops=picky, log=Recorder())
    assert picky.sent == names("two", "three")
    assert [(w.channel, w.why) for w in report.waiting] == [("ops", "answers 400")]


def test_a_channel_that_is_gone_is_said(log):
    report = run(log, log=Recorder())
    assert {w.channel for w in report.waiting} == {"ops"}
    assert "no channel of that name" in report.waiting[0].why


def test_what_a_foreign_channel_raises_is_not_repeated(log):
    report = run(log, ops=Recorder(RuntimeError("token=abc")), log=Recorder())
    assert [w.why for w in report.waiting] == ["channel ops: RuntimeError"]


@pytest.mark.parametrize("place", range(6))
def test_a_process_that_dies_between_sending_and_noting_sends_again(log, monkeypatch, place):
    ops, other = Recorder(), Recorder()
    change, calls = log.change, []

    def dying(decide):
        calls.append(1)
        if len(calls) == place + 1:
            raise Crash
        return change(decide)

    monkeypatch.setattr(log, "change", dying)
    with pytest.raises(Crash):
        run(log, ops=ops, log=other)
    monkeypatch.undo()
    run(log, ops=ops, log=other)
    for recorder in (ops, other):
        assert list(dict.fromkeys(recorder.sent)) == names("one", "two", "three")
    assert len(ops.sent) + len(other.sent) == 7
    assert log.read().state.owed() == []


def test_a_real_receiver_that_was_down_gets_all_of_it_in_order(log):
    parameters = WebhookParameters(name="ops", url_from="HOOK", attempts=1, timeout_s=5)
    with receiving(500, 500, 200) as receiver:
        hook = Webhook(parameters, {"HOOK": receiver.url})
        assert [w.why for w in run(log, ops=hook, log=Recorder()).waiting] == [
            "webhook ops answers 500. (1 attempts)"
        ] * 3
        run(log, ops=hook, log=Recorder())
        assert run(log, ops=hook, log=Recorder()).waiting == ()
        bodies = [body for _, _, body in receiver.requests]
    assert [body["name"] for body in bodies] == names("one", "one", "one", "two", "three")
    assert len({body["id"] for body in bodies}) == 3


def test_severities_that_a_channel_does_not_want_are_not_owed(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    verdicts = [verdict(0, severity="info")]
    log.change(lambda state: react(state, verdicts, NOW, noise=Noise(), to=TO))
    assert [channel for _, channel in log.read().state.owed()] == ["log"]


# Other channels


def sent(*kinds):
    """Messages of an alert's life."""
    states = {"opened": "firing", "resolved": "quiet"}
    verdicts = [verdict(number, states[kind]) for number, kind in enumerate(kinds)]
    return list(map(message, react(State(), verdicts, NOW, noise=Noise(quiet_windows=1), to=TO)))


def test_the_log_gets_a_line_of_the_severity(caplog):
    caplog.set_level(logging.INFO)
    for one in sent("opened", "resolved"):
        LogChannel().send(one)
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records] == [
        (
            "nli_lifecycle.alerts",
            "WARNING",
            f"warning alert opened: fell [fell-{DIGEST[:12]}-1] window 0",
        ),
        (
            "nli_lifecycle.alerts",
            "INFO",
            f"warning alert resolved: fell [fell-{DIGEST[:12]}-1] Resolved: 1 quiet windows in a "
            "row. window 1",
        ),
    ]


def test_a_tag_says_what_is_known_last_of_a_rule():
    tags = {}
    for one in sent("opened", "resolved"):
        TagChannel("alert", tags.__setitem__).send(one)
    assert tags == {
        "alert.fell": "warning resolved: Resolved: 1 quiet windows in a row. window 1",
    }


def test_tags_need_something_that_sets_them():
    with pytest.raises(ValueError, match="channel 'tag' sets tags, but nothing"):
        open_channels([TagParameters()])
    opened = open_channels(
        [LogParameters(), TagParameters(), WebhookParameters(name="ops", url_from="HOOK")],
        lambda name, value: None,
    )
    assert list(opened) == ["log", "tag", "ops"]


def test_the_exit_code_is_the_worst_open_alerts():
    def code(*severities, verdicts=(), state="open"):
        seen = [verdict(0, rule=f"r{n}", severity=s) for n, s in enumerate(severities)]
        life = State(react(State(), seen, NOW, noise=Noise(), to={}))
        alerts = [one.model_copy(update={"state": state}) for one in life.unresolved()]
        return exit_code(ExitCodes(insufficient=9, info=7), alerts, verdicts)

    assert (code(), code("info"), code("warning", "info"), code("info", "critical")) == (0, 7, 3, 4)
    assert code("critical", state="acknowledged") == 0
    assert code(verdicts=[verdict(0, "insufficient")]) == 9
    assert code(verdicts=[verdict(0, "quiet")]) == 0
